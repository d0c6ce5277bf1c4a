#!/usr/bin/env bats
# conf/h2o.conf: h2o starts the responder.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common
load ../helpers/matrix
load ../helpers/servers

setup() { servers_setup; }
teardown() { servers_stop; }

@test "a stream opens before any event" {
	start_h2o_spawned
	matrix_both matrix_opens
}

@test "each event arrives before the next is written" {
	start_h2o_spawned
	matrix_both matrix_flows
}

@test "a viewer who goes is noticed" {
	HEARTBEAT=300ms matrix_ini
	start_h2o_spawned
	matrix_both matrix_gone
}

@test "Last-Event-ID resumes exactly, Origin and Cookie arrive" {
	start_h2o_spawned
	matrix_both matrix_headers
}

@test "every status arrives with its headers and body" {
	start_h2o_spawned
	matrix_both matrix_statuses
}

@test "streams flow where everything is compressed" {
	start_h2o_spawned 'compress: ON'
	matrix_both matrix_gzip
}

@test "an end waits for streams, then takes the responder with it" {
	matrix_ini '[stream]' 'retry = 100ms' 'lifetime = 2s'
	start_h2o_spawned
	local family
	family=$(server_family)
	stop()
	{
		kill "$SERVER_PID"
		# shellcheck disable=SC2086 # one word for each
		wait_for 30 all_gone "$SERVER_PID" $family
	}
	matrix_across stop run_server_again
	same 1 "$(responders | wc -l)"
	((CONNECTIONS > 5))
}
