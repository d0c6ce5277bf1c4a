#!/usr/bin/env bats
# Flush modes behind an nginx that holds back all but whole buffers, as it does
# where X-Accel-Buffering is not heeded.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common
load ../helpers/matrix
load ../helpers/servers
load ../helpers/modes

setup() { servers_setup; }
teardown() { servers_stop; }

# start_holding [LINE...]: with these lines in the settings of spoolcast.
start_holding()
{
	matrix_ini '[stream]' 'retry = 100ms' "$@"
	start_nginx 'fastcgi_ignore_headers X-Accel-Buffering;'
}

@test "pad: a stream opens before any event" {
	start_holding '[flush]' 'mode = pad'
	modes_three matrix_opens
}

@test "pad: events of all sizes arrive before the next is written" {
	start_holding '[flush]' 'mode = pad'
	modes_three modes_lockstep
}
