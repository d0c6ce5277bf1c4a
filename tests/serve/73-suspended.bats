#!/usr/bin/env bats
# Viewers who stop reading for a while, as laptops and phones do that sleep.

load ../helpers/common

setup()
{
	common_setup
	: >"$SPOOL/news"
}

teardown()
{
	# Who is stopped does not hear that it is to end.
	touch "$T/go"
	stop_all
}

# flood COUNT: lines that are all different, of 500 bytes.
flood()
{
	seq -f "line %.0f $(printf '%0500d' 0)" "$1" >"$T/lines"
	cat "$T/lines" >>"$SPOOL/news"
}

@test "a suspended browser is let go, comes back and has each event once" {
	ini '[stream]' 'stall = 1s' 'retry = 100ms'
	cp "$WEB/native.html" "$T/www/"
	start_lighttpd
	background "$T/reader.err" node "$WEB/suspended.mjs" \
		--page "$ORIGIN/native.html" --url "$URL/news" \
		--lines "$T/lines" --folder "$T" >"$T/result" &
	wait_for 60 test -e "$T/stopped"
	flood 24000
	wait_for 60 grep -q 'event=stalled' "$T/spoolcast.log"
	touch "$T/go"
	wait_for 150 test -s "$T/result"
	cat "$T/result"
	jq -e '.events == 24000 and .wrong == -1 and .gaps == 0 and .opens > 1' \
		"$T/result"
}
