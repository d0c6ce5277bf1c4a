#!/usr/bin/env bats
# Real clients, each cut off five times in the middle of an event.

load ../helpers/common
load ../helpers/readers

setup()
{
	common_setup
	ini '[stream]' 'retry = 100ms'
	: >"$SPOOL/news"
	seq -f 'line %g' 3000 >"$T/lines"
	cp "$WEB/native.html" "$T/www/"
}
teardown() { stop_all; }

# five_cuts READER URL
five_cuts()
{
	cut_off "$1" "$2" --cuts 5
	jq -e '.events == 3000 and .cuts == 5 and .opens == 6 and .gaps == 0' \
		"$T/result"
}

# quiet READER: it has seen nothing yet when the responder is stopped, and what
# comes before there is one again is not lost.
quiet()
{
	# It comes back when there is one again, not before.
	ini '[stream]' 'retry = 4s' 'retry_jitter = 0%'
	start_serve
	start_lighttpd_socket
	printf '%s\n' hello second >"$T/lines"
	follow "$URL/news" --reader "$1"
	wait_for 60 progress_is 0 1
	kill "$SERVE_PID"
	echo hello >>"$SPOOL/news"
	wait_for 10 gone "$SERVE_PID"
	start_serve
	wait_for 60 progress_is 1 2
	echo second >>"$SPOOL/news"
	read_end
}

@test "a quiet page of Chromium loses nothing when the responder is restarted" {
	quiet chromium
}

@test "a quiet page of Firefox loses nothing when the responder is restarted" {
	quiet firefox
}

@test "a quiet page of WebKit loses nothing when the responder is restarted" {
	quiet webkit
}

@test "native EventSource of Chromium loses and doubles nothing" {
	start_lighttpd
	five_cuts chromium "$URL/news"
}

@test "native EventSource of Firefox loses and doubles nothing" {
	start_lighttpd
	five_cuts firefox "$URL/news"
}

@test "native EventSource of WebKit loses and doubles nothing" {
	start_lighttpd
	five_cuts webkit "$URL/news"
}

@test "npm eventsource loses and doubles nothing" {
	start_lighttpd
	five_cuts 'eventsource 3' "$URL/news"
}

@test "a Chromium page behind plain CGI loses and doubles nothing" {
	start_lighttpd_cgi
	five_cuts chromium "$URL/news"
}
