#!/usr/bin/env bats
# Real clients, each cut off five times in the middle of an event.

load ../helpers/common

setup()
{
	common_setup
	ini '[stream]' 'retry = 100ms'
	: >"$SPOOL/news"
	seq -f 'line %g' 3000 >"$T/lines"
}
teardown() { stop_all; }

# cut_off PROGRAM URL: writes while PROGRAM reads and is cut off.
cut_off()
{
	node "$WEB/$1" --url "$2" --expect "$T/lines" --cuts 5 --deadline 120 \
		--ready "$T/ready" >"$T/result" 2>"$T/reader.err" 3>&- &
	local reader=$!
	PIDS+=("$reader")
	wait_for 60 test -e "$T/ready"
	bash -c 'while IFS= read -r l; do echo "$l" >>"$1"; done' - \
		"$SPOOL/news" <"$T/lines"
	wait_for 120 gone "$reader"
	wait "$reader" || { cat "$T/result" >&2; return 1; }
	jq -e '.events == 3000 and .cuts == 5 and .opens == 6 and .gaps == 0' \
		"$T/result"
}

@test "a Chromium page with native EventSource loses and doubles nothing" {
	cp "$WEB/native.html" "$T/www/"
	start_lighttpd
	cut_off page.mjs "$URL/news"
}

@test "npm eventsource loses and doubles nothing" {
	start_lighttpd
	cut_off eventsource.mjs "$URL/news?open=1"
}

@test "a Chromium page behind plain CGI loses and doubles nothing" {
	cp "$WEB/native.html" "$T/www/"
	start_lighttpd_cgi
	cut_off page.mjs "$URL/news"
}
