#!/usr/bin/env bats
# A folder of src/ is a layer; an include points down, or sideways within it.

load ../helpers/common

setup() { common_setup; }

# The folders that a folder may include from, beside itself.
allowed()
{
	case $1 in
	base) echo '' ;;
	conf) echo 'base' ;;
	spool) echo 'base' ;;
	format) echo 'base spool' ;;
	http) echo 'base format' ;;
	fcgi) echo 'base' ;;
	take) echo 'base spool format' ;;
	publish) echo 'base conf spool format take' ;;
	listen) echo 'base' ;;
	wire) echo 'base fcgi http' ;;
	feed) echo 'base conf spool format http' ;;
	hub) echo 'base conf spool format http take listen wire feed' ;;
	cli) echo 'base conf spool format http take publish listen wire hub' ;;
	main) echo 'cli listen' ;;
	*) return 1 ;;
	esac
}

includes()
{
	sed -n 's/^#include "\(.*\)"/\1/p' "$1"
}

@test "every folder is a known layer" {
	local folder
	for folder in "$ROOT"/src/*/; do
		allowed "$(basename "$folder")" >/dev/null
	done
}

@test "no include points up" {
	local file layer include bad=0
	for file in "$ROOT"/src/*.c "$ROOT"/src/*/*.[ch]; do
		layer=$(basename "$(dirname "$file")")
		[[ $layer != src ]] || layer=main
		for include in $(includes "$file"); do
			if [[ " $layer $(allowed "$layer") " != \
				*" ${include%%/*} "* ]]; then
				echo "${file#"$ROOT"/} includes $include" >&2
				bad=1
			fi
		done
	done
	((bad == 0))
}

@test "what decides things asks the system nothing" {
	# The pure part of the domain: no file, no socket, no clock, no loop.
	local pure=("$ROOT"/src/{format,http,fcgi}/*.c
		"$ROOT"/src/spool/{mark,record}.c "$ROOT"/src/hub/retry.c)
	run grep -nE '#include <(sys/|unistd|fcntl|time|ev|poll|dirent|signal)' \
		"${pure[@]}"
	((status == 1))
	run grep -nE '\b(clock_mono_ms|clock_wall_s|rnd_seed|getenv|log_msg)\(' \
		"${pure[@]}"
	((status == 1))
}

@test "libraries are used where they belong" {
	only() # PATTERN FILE...: no other file includes it
	{
		local pattern=$1 found
		shift
		found=$(cd "$ROOT/src" && grep -rlE "#include <$pattern>" . |
			sed 's,^\./,,' | sort | xargs)
		same "$*" "$found"
	}
	only 'ini\.h' conf/conf_load.c
	only 'ev\.h' base/timer.h feed/feeds.h feed/window.h hub/ending.h \
		hub/hub.h hub/limits.h hub/turns.h hub/wheel.h \
		listen/listen.h spool/folder.h spool/watch.h take/inlet.h \
		take/take.h wire/conn.h wire/wire.h
	only 'sys/inotify\.h' cli/cmd_check.c spool/watch.c
	# Only the constants of libfcgi; its reader blocks.
	only 'fcgiapp\.h|fcgi_stdio\.h'
}

@test "what a file exports begins with its name" {
	# A module may be several files.
	local object name module symbol bad=0
	declare -A also=([folder_names]='folder'
		[viewer_due]='viewer' [viewer_send]='viewer'
		[cmd_serve]='serve' [cmd_help]='cmd_version')
	for object in "$ROOT"/build/obj/*/*.o; do
		module=$(basename "$object" .o)
		for symbol in $(nm --defined-only -g "$object" |
			awk '$2 ~ /[TDBR]/ { print $3 }'); do
			for name in "$module" ${also[$module]:-}; do
				[[ $symbol != "${name}"* ]] || continue 2
			done
			echo "$module exports $symbol" >&2
			bad=1
		done
	done
	((bad == 0))
}
