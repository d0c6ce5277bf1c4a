#!/usr/bin/env bats
# Everything at once, for a minute (see torture.mjs); `make torture` runs it for
# as long as one likes.

load ../helpers/common
load stage

setup() { common_setup; }
teardown() { stop_all; }

@test "nothing is lost, doubled or torn, whoever writes, rotates and is killed" {
	local seconds=60
	# It runs beside the plain program, and is several times slower.
	[[ $SPOOLCAST != */asan/* ]] || seconds=20
	local status=0
	torture "$seconds" >"$T/figures" || status=$?
	cat "$T/figures"
	return "$status"
}
