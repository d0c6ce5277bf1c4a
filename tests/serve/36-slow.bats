#!/usr/bin/env bats
# A viewer that does not read: nobody else notices, and it loses nothing.

load ../helpers/common

setup()
{
	common_setup
	: >"$SPOOL/news"
}

teardown() { stop_all; }

# Lines that are all different, about 12 MB: more than all sockets on the way
# take.
flood()
{
	seq -f "line %.0f $(printf '%0500d' 0)" 24000 >"$T/lines"
	cat "$T/lines" >>"$SPOOL/news"
}

got_all()
{
	(($(grep -c '^data: line' "$1") >= 24000))
}

same_lines()
{
	sed -n 's/^data: //p' "$1" | cmp - "$T/lines"
}

@test "one that stops reading delays nobody, and catches up later" {
	start_lighttpd
	sse_begin "$URL/news" "$T/slow"
	local slow=$VIEWER
	sse_begin "$URL/news" "$T/fast"
	kill -STOP "$slow"
	flood
	wait_for 60 got_all "$T/fast"
	same_lines "$T/fast"
	kill -CONT "$slow"
	wait_for 60 got_all "$T/slow"
	same_lines "$T/slow"
}

@test "one that takes nothing for too long is let go, and resumes" {
	ini '[stream]' 'stall = 1s'
	start_lighttpd
	sse_begin "$URL/news" "$T/slow"
	local slow=$VIEWER
	kill -STOP "$slow"
	flood
	wait_for 60 grep -q 'event=stalled' "$T/spoolcast.log"
	kill -CONT "$slow"
	wait_for 60 gone "$slow"
	# Where it was when the connection broke, as a browser knows it.
	sse_begin "$URL/news" "$T/rest" \
		-H "Last-Event-ID: $(last_id "$T/slow")"
	awk '/^data: /{ line = substr($0, 7) }
		/^$/{ if (line != "") print line; line = "" }' "$T/slow" \
		>"$T/both"
	all_lines() { cat "$T/both" <(sed -n 's/^data: //p' "$T/rest") |
		cmp -s - "$T/lines"; }
	wait_for 60 all_lines
}
