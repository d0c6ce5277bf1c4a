#!/usr/bin/env bats
# What `make soak` does for an hour, for some seconds (see soak.c).  Memory of a
# process that has just begun grows, so that is left to the hour.

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

@test "viewers who are cut off and come back lose nothing, nor descriptors" {
	HOURS=0.0014 VIEWERS=300 CHURN=30 ROTATE=2 LIFETIME=3s GROWTH=1000 \
		"$ROOT/tests/soak/run.sh"
}
