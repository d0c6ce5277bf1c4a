#!/usr/bin/env bats
# A responder whose clock is set, forwards and back, while it runs.  Only it
# has that clock (by libfaketime); the files have their times from the kernel.

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

# set_clock BY: it is so much ahead ("+2d") or behind ("-1h") from now on.
set_clock()
{
	echo "$1" >"$T/clock.new"
	mv "$T/clock.new" "$T/clock"
}

# serve_by_clock: a responder with a clock that set_clock sets.
serve_by_clock()
{
	local library
	library=$(find /usr/lib -path '*/faketime/libfaketime.so.1' | head -n 1)
	[[ -n $library ]] || skip 'there is no libfaketime'
	if grep -q __asan_init "$SPOOLCAST"; then
		skip 'AddressSanitizer and libfaketime do not go together'
	fi
	set_clock +0
	start_serve env LD_PRELOAD="$library" NO_FAKE_STAT=1 \
		FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1 \
		FAKETIME_TIMESTAMP_FILE="$T/clock"
	start_lighttpd_socket
}

# beats FILE COUNT: so many comments have come.
beats()
{
	(($(grep -c '^:' "$1") >= $2))
}

# record DATA SECONDS: one that expires so many seconds from the true now.
record()
{
	printf 'data: %s\nexpires: %d\n\n' "$1" "$(($(date +%s) + $2))"
}

@test "heartbeats, lifetimes and records take no notice of the clock" {
	local by n began=$SECONDS
	ini '[stream]' 'heartbeat = 1s' 'lifetime = 1h' \
		'[channel short]' 'lifetime = 20s'
	touch "$SPOOL"/{news,short}
	serve_by_clock
	sse_begin "$URL/news" "$T/s"
	for by in -400d +400d +0 -1h +1h; do
		set_clock "$by"
		echo "at $by" >>"$SPOOL/news"
		wait_line "$T/s" "at $by"
		n=$(grep -c '^:' "$T/s" || true)
		wait_for 20 beats "$T/s" $((n + 2))
	done
	# They were not more than in a second each.
	(($(grep -c '^:' "$T/s") <= SECONDS - began + 2))
	sse_begin "$URL/short" "$T/short"
	set_clock +400d
	echo here >>"$SPOOL/short"
	wait_line "$T/short" here
	set_clock -400d
	sse_end 120
	same '"at -400d","at +400d","at +0","at -1h","at +1h"' \
		"$(texts "$T/s")"
	same '' "$(texts "$T/s" spoolcast.gap)"
}

@test "what has expired is judged by what the clock says now" {
	: >"$SPOOL/deploy.sse"
	serve_by_clock
	sse_begin "$URL/deploy" "$T/s"
	{
		record past -600
		record coming 600
	} >>"$SPOOL/deploy.sse"
	wait_line "$T/s" coming
	set_clock +1h
	{
		record 'past, too' 600
		record 'not yet' 7200
	} >>"$SPOOL/deploy.sse"
	wait_line "$T/s" 'not yet'
	set_clock -1h
	record 'not any more' -600 >>"$SPOOL/deploy.sse"
	wait_line "$T/s" 'not any more'
	same '"coming","not yet","not any more"' "$(texts "$T/s")"
	# All of them are there still, for who asks at another time.
	sse_begin "$URL/deploy?history=all" "$T/all"
	wait_line "$T/all" 'not any more'
	same '"past","coming","past, too","not yet","not any more"' \
		"$(texts "$T/all")"
}

is_file() { [[ -f $SPOOL/$1 ]]; }

@test "a file that seems old is rotated once, and nothing is lost" {
	# It is looked at every second.
	ini 'max_age = 4s' 'keep = 100' '[channel other]' 'max_age = 1h'
	touch "$SPOOL/news"
	serve_by_clock
	sse_begin "$URL/other" "$T/s"
	set_clock -1d
	echo one >>"$SPOOL/other"
	wait_line "$T/s" one
	# Young it stays while others get old and a day is taken back.
	set_clock +0
	echo news >"$SPOOL/news"
	wait_for 60 is_file news.1
	[[ ! -e $SPOOL/other.1 ]]
	set_clock +1d
	wait_for 60 is_file other.1
	set_clock +0
	echo two >>"$SPOOL/other"
	wait_line "$T/s" two
	set_clock -1d
	echo three >>"$SPOOL/other"
	wait_line "$T/s" three
	set_clock +0
	# As many rounds as it takes that.
	echo news >>"$SPOOL/news"
	wait_for 60 is_file news.2
	[[ ! -e $SPOOL/other.2 ]]
	same '"one","two","three"' "$(texts "$T/s")"
	same '' "$(texts "$T/s" spoolcast.gap)"
}

is_empty()
{
	[[ -z $(find "$SPOOL/jobs.d" -type f) ]]
}

@test "files of tomorrow and of long ago are taken from a drop folder" {
	local by when
	mkdir "$SPOOL/jobs.d"
	serve_by_clock
	sse_begin "$URL/jobs" "$T/s"
	for by in +0 -2d +2d; do
		set_clock "$by"
		for when in '+ 1 day' '- 1 day' '- 20 years'; do
			echo "at $by a file of $when" >"$SPOOL/.new"
			touch -d "now $when" "$SPOOL/.new"
			mv "$SPOOL/.new" "$SPOOL/jobs.d/a"
			wait_line "$T/s" "at $by a file of $when"
		done
	done
	wait_for 10 is_empty
	same 9 "$(grep -c '^data: ' "$T/s")"
}
