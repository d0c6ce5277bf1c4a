#!/usr/bin/env bats
# conf/h2o.conf with fastcgi.connect: a responder that runs by itself.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common
load ../helpers/matrix
load ../helpers/servers
load ../helpers/mount

setup() { servers_setup; }
teardown() { servers_stop; }

@test "a stream opens before any event" {
	start_h2o_connected
	matrix_both matrix_opens
}

@test "each event arrives before the next is written" {
	start_h2o_connected
	matrix_both matrix_flows
}

@test "a viewer who goes is noticed" {
	HEARTBEAT=300ms matrix_ini
	start_h2o_connected
	matrix_both matrix_gone
}

@test "Last-Event-ID resumes exactly, Origin and Cookie arrive" {
	start_h2o_connected
	matrix_both matrix_headers
}

@test "every status arrives with its headers and body" {
	start_h2o_connected
	matrix_both matrix_statuses
}

@test "streams flow where everything is compressed" {
	start_h2o_connected 'compress: ON'
	matrix_both matrix_gzip
}

@test "an end waits for streams and leaves the responder alone" {
	matrix_ini '[stream]' 'retry = 100ms' 'lifetime = 2s'
	start_h2o_connected
	stop()
	{
		kill "$SERVER_PID"
		wait_for 30 gone "$SERVER_PID"
	}
	matrix_across stop run_server_again
	same "$SERVE_PID" "$(responders)"
	((CONNECTIONS > 5))
}

@test "SPOOLCAST_CHANNELS of the server holds" {
	ini
	start_h2o_connected 'setenv:' '  SPOOLCAST_CHANNELS: news'
	mount_holds
}
