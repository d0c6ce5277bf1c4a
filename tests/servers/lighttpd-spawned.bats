#!/usr/bin/env bats
# conf/lighttpd.conf: lighttpd starts the responder.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common
load ../helpers/matrix
load ../helpers/servers

setup() { servers_setup; }
teardown() { servers_stop; }

@test "a stream opens before any event" {
	start_lighttpd_spawned
	matrix_both matrix_opens
}

@test "each event arrives before the next is written" {
	start_lighttpd_spawned
	matrix_both matrix_flows
}

@test "a viewer who goes is noticed" {
	HEARTBEAT=300ms matrix_ini
	start_lighttpd_spawned
	matrix_both matrix_gone
}

@test "Last-Event-ID resumes exactly, Origin and Cookie arrive" {
	start_lighttpd_spawned
	matrix_both matrix_headers
}

@test "every status arrives with its headers and body" {
	start_lighttpd_spawned
	matrix_both matrix_statuses
}

@test "streams flow where everything is compressed" {
	start_lighttpd_spawned 'server.modules += ("mod_deflate")' \
		'deflate.mimetypes = ("text/")' \
		'deflate.allowed-encodings = ("gzip")'
	matrix_both matrix_gzip
}

# The responder is another, and the old one is no more.
renewed()
{
	gone "$RESPONDER" && [[ -n $(responders) ]]
}

@test "a restart in good order ends the responder and starts another" {
	start_lighttpd_spawned
	RESPONDER=$(responders)
	restart() { kill -USR1 "$SERVER_PID"; }
	recover() { wait_for 30 renewed; }
	matrix_across restart recover
	runs "$SERVER_PID"
	same 1 "$(responders | wc -l)"
	((CONNECTIONS > 5))
}

@test "an end in good order takes the responder with it" {
	start_lighttpd_spawned
	RESPONDER=$(responders)
	stop()
	{
		kill -INT "$SERVER_PID"
		wait_for 30 all_gone "$SERVER_PID" "$RESPONDER"
	}
	matrix_across stop run_server_again
	same 1 "$(responders | wc -l)"
	((CONNECTIONS > 5))
}
