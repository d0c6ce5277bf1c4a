#!/usr/bin/env bats
# Which writers append a line in one write(2), as the manual says, section
# WRITERS: such lines stay whole, whoever else appends.

# shellcheck disable=SC2016 # shells expand "$1"

load ../helpers/publish

setup() { publish_setup; }
teardown() { publish_teardown; }

# writes LENGTH COMMAND...: COMMAND appends a line of x, LENGTH of them and a
# line end, to spool/news; prints in how many writes it did.
writes() {
	local length=$1
	shift
	rm -f spool/news trace
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
		strace -f -qq -y -o trace -e trace=write,writev,pwrite64 "$@" ||
		return 1
	[ "$(stat -c %s spool/news)" -eq $((length + 1)) ] || return 1
	grep -c "<$PWD/spool/news>" trace
}

# line LENGTH: prints it, without its end.
line() {
	head -c "$1" /dev/zero | tr '\0' x
}

@test "shells write a line of up to 4095 bytes at once" {
	local shell
	for shell in bash dash; do
		for length in 1 1000 4095; do
			for command in 'echo "$1" >>spool/news' \
				'printf "%s\n" "$1" >>spool/news'; do
				[ "$(writes $length $shell -c "$command" - \
					"$(line $length)")" -eq 1 ]
			done
		done
	done
}

@test "dash writes a longer line by echo at once, too" {
	for length in 4096 9000 100000; do
		[ "$(writes $length dash -c 'echo "$1" >>spool/news' - \
			"$(line $length)")" -eq 1 ]
	done
}

@test "cat writes what is up to 128 kB at once" {
	line 100000 >text
	echo >>text
	[ "$(writes 100000 sh -c 'cat text >>spool/news')" -eq 1 ]
}

@test "publish writes a line at once, however long" {
	printf '[spool]\nmax_record = 1M\n' >conf.ini
	line 1000000 >text
	[ "$(writes 1000000 sh -c '"$1" publish -c conf.ini news <text' - \
		"$SPOOLCAST")" -eq 1 ]
}

@test "PHP writes a line at once, locked or not" {
	for flags in FILE_APPEND 'FILE_APPEND | LOCK_EX'; do
		[ "$(writes 100000 php -n -r 'file_put_contents("spool/news",
			str_repeat("x", 100000) . "\n", '"$flags"');')" -eq 1 ]
	done
}

@test "node writes a line at once" {
	[ "$(writes 100000 node -e 'require("fs").appendFileSync("spool/news",
		"x".repeat(100000) + "\n")')" -eq 1 ]
}
