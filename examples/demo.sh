#!/bin/sh
# demo.sh [BUILD_DIR]
#
# Starts lighttpd on loopback with spoolcast behind it, feeds the load average
# into one channel, and says what to type to feed another.  The spool is ./spool
# and stays; everything else ends and is removed on Ctrl-C.
#
# shellcheck disable=SC2317 # functions that a trap calls
set -eu

PATH=$PATH:/usr/sbin:/sbin
examples=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-build}" && pwd)
spool=$PWD/spool
server=''
feeder=''

work=$(mktemp -d)

# group_has_members GROUP: succeeds if some process of this group still runs.
# Processes that have ended and wait for their parent do not count.
group_has_members()
{
	for stat in /proc/[0-9]*/stat; do
		{ read -r line <"$stat"; } 2>/dev/null || continue
		# After the name, which may have blanks, come state, parent and
		# group.
		# shellcheck disable=SC2086
		set -- "$1" ${line##*) }
		case $2$4 in
		[ZX]*) ;;
		?"$1") return 0 ;;
		esac
	done
	return 1
}

# end_group LEADER: ends that child of this shell, and all that it started.
end_group()
{
	[ -n "$1" ] || return 0
	kill "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
	tries=0
	while group_has_members "$1"; do
		tries=$((tries + 1))
		case $tries in
		1) kill -s TERM -- "-$1" 2>/dev/null || true ;;
		30) kill -s KILL -- "-$1" 2>/dev/null || true ;;
		60) return 0 ;;
		esac
		sleep 0.1
	done
}

stop()
{
	trap '' HUP INT TERM
	end_group "$feeder"
	end_group "$server"
	rm -rf "$work"
	# This file would grow by a line a second for ever; the lines that you
	# typed are kept.
	rm -f "$spool/load"
}

trap stop EXIT
trap 'exit 0' HUP INT TERM

# configure PORT: writes the configuration of the server.
configure()
{
	cat >"$work/lighttpd.conf" <<-END
	server.document-root = "$work/www"
	server.bind = "127.0.0.1"
	server.port = $1
	server.errorlog = "$work/log"
	server.breakagelog = "$work/log"
	server.upload-dirs = ("$work")
	index-file.names = ("index.html")
	mimetype.assign = (".html" => "text/html; charset=utf-8")
	server.modules = ("mod_fastcgi")
	server.stream-response-body = 2
	\$HTTP["url"] =~ "^/events(/|\$)" {
		fastcgi.server = ("/" => ((
			"bin-path" => "$work/spoolcast.fcgi",
			"socket" => "$work/socket",
			"max-procs" => 1,
			"check-local" => "disable")))
	}
	END
}

# start PORT: starts the server; returns 1 if that port is taken.  In a group of
# its own the server does not hear Ctrl-C; this script stops it in good order.
start()
{
	configure "$1"
	: >"$work/log"
	setsid lighttpd -D -f "$work/lighttpd.conf" >>"$work/log" 2>&1 &
	server=$!
	until grep -q 'server started' "$work/log"; do
		if ! kill -0 "$server" 2>/dev/null; then
			wait "$server" || true
			server=''
			grep -q 'already in use' "$work/log" && return 1
			cat "$work/log" >&2
			exit 1
		fi
		sleep 0.05
	done
}

mkdir -p "$spool" "$work/www"
touch "$spool/news"
cp "$examples/page.html" "$work/www/index.html"
ln -s "$build/spoolcast" "$work/spoolcast.fcgi"
printf '[stream]\nretry = 1s\n' >"$work/spoolcast.ini"
export SPOOLCAST_CONFIG="$work/spoolcast.ini" SPOOLCAST_SPOOL="$spool"

port=8080
until start "$port"; do
	port=$((port + 1))
	if [ "$port" -gt 8179 ]; then
		echo 'demo: no port from 8080 to 8179 is free' >&2
		exit 1
	fi
done
setsid sh "$examples/loadavg.sh" "$spool/load" &
feeder=$!

cat <<END

  Open this page:                 http://127.0.0.1:$port/
  In a second shell, type here:   echo hello >> spool/news

  Each line you add is on the page at once.  Ctrl-C here stops everything.

END

wait "$server" || true
server=''
echo 'demo: lighttpd has ended by itself:' >&2
cat "$work/log" >&2
exit 1
