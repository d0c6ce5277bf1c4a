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
