#!/usr/bin/env bats
# The demo and the examples, run as a user runs them.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common

setup()
{
	common_setup
	unset SPOOLCAST_CONFIG
	# What the demo keeps beside its spool must go with it.
	mkdir "$T/tmp" "$T/place"
	export TMPDIR=$T/tmp
	BUILD=$(dirname "$SPOOLCAST")
}
teardown() { stop_all; }

# start_demo: in a process group of its own, with signals as a terminal leaves
# them; bash would have it ignore SIGINT.
start_demo()
{
	cd "$T/place" || return 1
	# The background shell empties it too late: it may still name the demo
	# before this one.
	: >"$T/demo.log"
	setsid env --default-signal=INT sh "$ROOT/examples/demo.sh" "$BUILD" \
		>"$T/demo.log" 2>&1 3>&- &
	DEMO=$!
	PIDS+=("$DEMO")
	wait_for 30 grep -q 'http://127' "$T/demo.log"
	ORIGIN=$(grep -o 'http://127[0-9.:]*' "$T/demo.log")
}

# nothing_left: no process, no socket, no temporary folder.
nothing_left()
{
	wait_for 10 none_marked
	same '' "$(ls -A "$T/tmp")"
	same '' "$(find "$T/place" -type s -o -name load)"
}

@test "the demo shows its page, and a line typed as it says arrives" {
	start_demo
	get "$ORIGIN/"
	same 200 "$STATUS"
	cmp "$BODY" "$ROOT/examples/page.html"
	sse_begin "$ORIGIN/events/news?history=20" "$T/s"
	local typed
	typed=$(sed -n 's/.*type here: *//p' "$T/demo.log")
	bash -c "$typed"
	wait_line "$T/s" hello
	kill -INT "-$DEMO"
	wait_for 20 gone "$DEMO"
	wait "$DEMO"
	nothing_left
	same hello "$(cat "$T/place/spool/news")"
}

@test "the demo feeds numbers for its plot" {
	start_demo
	sse_begin "$ORIGIN/events/load?history=120" "$T/s"
	numbers() { (($(grep -cE '^data: [0-9]+\.[0-9]+$' "$T/s") >= 3)); }
	wait_for 40 numbers
	kill -TERM "$DEMO"
	wait_for 20 gone "$DEMO"
	nothing_left
}

@test "a closed terminal stops the demo, and two run side by side" {
	start_demo
	local first=$DEMO origin=$ORIGIN
	start_demo
	[[ $ORIGIN != "$origin" ]]
	kill -HUP "-$DEMO"
	wait_for 20 gone "$DEMO"
	get "$origin/"
	same 200 "$STATUS"
	kill -INT "-$first"
	wait_for 20 gone "$first"
	nothing_left
}

@test "the page is live in Chromium, and a line typed shows in it" {
	start_demo
	mkdir "$T/profile"
	TMPDIR=$T/profile node "$WEB/demo-page.mjs" --url "$ORIGIN/" \
		--file "$T/place/spool/news" 2>"$T/page.err" >"$T/result"
	kill -INT "-$DEMO"
	wait_for 20 gone "$DEMO"
	nothing_left
}

@test "conf/lighttpd.conf works as it is" {
	ln -s "$ROOT/examples" "$T/place/examples"
	mkdir "$T/place/build" "$T/place/spool"
	ln -s "$SPOOLCAST" "$T/place/build/spoolcast.fcgi"
	cd "$T/place"
	# Only its port may be taken already.
	run_lighttpd_conf "$ROOT/conf/lighttpd.conf"
	get "$ORIGIN/page.html"
	same 200 "$STATUS"
	sse_begin "$URL/news" "$T/s"
	echo hello >>spool/news
	wait_line "$T/s" hello
}

@test "loadavg.sh appends one number for each second" {
	background "$T/loadavg.err" sh "$ROOT/examples/loadavg.sh" "$SPOOL/load"
	two() { (($(wc -l <"$SPOOL/load") >= 2)); }
	wait_for 20 two
	[[ $(tail -n 1 "$SPOOL/load") =~ ^[0-9]+\.[0-9]+$ ]]
}
