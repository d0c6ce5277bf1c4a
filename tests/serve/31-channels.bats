#!/usr/bin/env bats
# Several channels over one connection, whoever is killed: each of them whole.

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

@test "five channels, half of them new, reach 30 restless viewers exactly" {
	start_lighttpd
	node "$WEB/channels.mjs" --url "$URL" --spool "$SPOOL" \
		--kill-children-of "$LIGHTTPD_PID" --deadline 200
}
