#!/usr/bin/env bats
# mod_fcgid in the hands of an administrator: conf/apache-fcgid.conf.
# shellcheck disable=SC2153 # get sets STATUS

load ../helpers/common
load ../helpers/matrix
load ../helpers/apache

setup()
{
	common_setup
	apache_setup
	INI=$T/conf/apache-fcgid.ini
}

teardown() { apache_teardown; }

responders() { apache_responders; }

# start [LINE...]: with further lines in the configuration of spoolcast.
start()
{
	matrix_ini '[flush]' 'mode = stream' "$@"
	start_apache_fcgid
}

@test "the configuration works as it is" {
	start_apache_fcgid
	: >"$SPOOL/news"
	sse_begin "$URL/news" "$T/s"
	echo hello >>"$SPOOL/news"
	wait_line "$T/s" hello
	same '"hello"' "$(texts "$T/s")"
	get "$ORIGIN/page.html"
	same 200 "$STATUS"
}

@test "a stream opens before there is an event" {
	start
	matrix_both matrix_opens
}

@test "each event is there before the next is written" {
	start
	matrix_both matrix_flows
}
