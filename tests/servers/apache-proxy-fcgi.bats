#!/usr/bin/env bats
# conf/apache-proxy-fcgi.conf: one `spoolcast serve` behind mod_proxy_fcgi.

# shellcheck disable=SC2034,SC2153 # the helpers use these, get sets STATUS
load ../helpers/common
load ../helpers/matrix
load ../helpers/apache
load ../helpers/mount

setup()
{
	common_setup
	apache_setup
}

teardown() { apache_teardown; }

responders() { echo "$SERVE_PID"; }

start()
{
	matrix_ini '[stream]' 'retry = 100ms'
	start_apache_proxy
}

@test "the files work as they are" {
	rm "$INI"
	unset SPOOLCAST_CONFIG
	SPOOLCAST_SPOOL=$SPOOL start_apache_proxy
	: >"$SPOOL/news"
	sse_begin "$URL/news" "$T/s"
	echo hello >>"$SPOOL/news"
	wait_line "$T/s" hello
	same '"hello"' "$(texts "$T/s")"
	get "$ORIGIN/page.html"
	same 200 "$STATUS"
}

@test "a stream opens before any event" {
	start
	matrix_both matrix_opens
}

@test "each event arrives before the next is written" {
	start
	matrix_both matrix_flows
}

@test "a viewer who goes is noticed" {
	HEARTBEAT=300ms start
	matrix_both matrix_gone
}

@test "Last-Event-ID resumes exactly, Origin and Cookie arrive" {
	start
	matrix_both matrix_headers
}

@test "every status arrives with its headers and body" {
	start
	matrix_both matrix_statuses
}

@test "streams flow where everything is compressed" {
	apache_compresses
	start
	matrix_both matrix_gzip
}

@test "without flushpackets=on nothing flows" {
	# The same channels once more.
	apache_extra "ProxyPass \"/held/\" \"unix:$T/build/events.sock|\
fcgi://held/held/\""
	start
	sse_open "$ORIGIN/held/news" "$T/held"
	local held=$VIEWER n
	wait_for 10 viewers_are 1
	sse_begin "$URL/news" "$T/s"
	for n in {1..10}; do
		echo "$n" >>"$SPOOL/news"
		wait_line "$T/s" "$n"
	done
	same 0 "$(wc -c <"$T/held")"
	kill "$SERVE_PID"
	sse_end 20 "$held"
	same "$(texts "$T/s")" "$(texts "$T/held")"
}

@test "a graceful restart leaves streams where they are" {
	start
	recover() { matrix_opens "$URL" --http1.1; }
	matrix_across apache_graceful recover
	same 5 "$CONNECTIONS"
}

@test "a stop ends the streams and not the responder, and they resume" {
	start
	stop()
	{
		apache_stop
		wait_for 10 viewers_are 0
	}
	matrix_across stop apache_again
	((CONNECTIONS > 5))
	run ! gone "$SERVE_PID"
}

@test "a responder that begins anew is found, and the streams resume" {
	start
	end()
	{
		kill "$SERVE_PID"
		wait_for 10 gone "$SERVE_PID"
	}
	matrix_across end apache_serve
	((CONNECTIONS > 5))
}

@test "SPOOLCAST_CHANNELS of a location holds" {
	apache_extra '<Location "/events/">' 'SetEnv SPOOLCAST_CHANNELS news' \
		'</Location>'
	start_apache_proxy
	mount_holds
}
