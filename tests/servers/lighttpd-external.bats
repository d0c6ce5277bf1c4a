#!/usr/bin/env bats
# conf/lighttpd-external.conf: lighttpd, and a responder that runs by itself.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common
load ../helpers/matrix
load ../helpers/servers
load ../helpers/mount

setup() { servers_setup; }
teardown() { servers_stop; }

@test "a stream opens before any event" {
	start_lighttpd_external
	matrix_both matrix_opens
}

@test "each event arrives before the next is written" {
	start_lighttpd_external
	matrix_both matrix_flows
}

@test "a viewer who goes is noticed" {
	HEARTBEAT=300ms matrix_ini
	start_lighttpd_external
	matrix_both matrix_gone
}

@test "Last-Event-ID resumes exactly, Origin and Cookie arrive" {
	start_lighttpd_external
	matrix_both matrix_headers
}

@test "every status arrives with its headers and body" {
	start_lighttpd_external
	matrix_both matrix_statuses
}

@test "streams flow where everything is compressed" {
	start_lighttpd_external 'server.modules += ("mod_deflate")' \
		'deflate.mimetypes = ("text/")' \
		'deflate.allowed-encodings = ("gzip")'
	matrix_both matrix_gzip
}

restarted()
{
	(($(grep -c 'server started' "$T/server.log") == 2))
}

@test "a restart in good order leaves the responder alone" {
	start_lighttpd_external
	restart() { kill -USR1 "$SERVER_PID"; }
	recover() { wait_for 30 restarted; }
	matrix_across restart recover
	runs "$SERVER_PID"
	same "$SERVE_PID" "$(responders)"
	((CONNECTIONS > 5))
}

@test "an end in good order leaves the responder alone" {
	start_lighttpd_external
	stop()
	{
		kill -INT "$SERVER_PID"
		wait_for 30 gone "$SERVER_PID"
		wait_for 10 viewers_are 0
	}
	matrix_across stop run_server_again
	same "$SERVE_PID" "$(responders)"
	((CONNECTIONS > 5))
}

@test "SPOOLCAST_CHANNELS of an address holds" {
	ini
	# shellcheck disable=SC2016 # lighttpd knows $HTTP
	start_lighttpd_external '$HTTP["url"] =~ "^/events" {
			setenv.add-environment = ("SPOOLCAST_CHANNELS" => "news")
		}'
	mount_holds
}
