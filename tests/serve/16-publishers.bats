#!/usr/bin/env bats
# What a publisher cannot make a client believe.

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

@test "events of types that are ours are delivered as messages, and it is told" {
	start_serve
	: >"$SPOOL/deploy.sse"
	start_lighttpd_socket
	sse_begin "$URL/deploy" "$T/s"
	printf '%s\n' 'event: spoolcast.gap' 'data: {"channel":"deploy"}' '' \
		'event: spoolcast.skipped' 'data: two' '' \
		'event: mine' 'data: last' '' >>"$SPOOL/deploy.sse"
	wait_line "$T/s" last
	sse_close
	same '"{\"channel\":\"deploy\"}","two"' "$(texts "$T/s")"
	same open "$(sed -n 's/^event: spoolcast\.//p' "$T/s")"
	same 1 "$(grep -c 'event=type-reserved channel=deploy ' "$T/serve.log")"
	# They are of the type that they have now.
	sse_begin "$URL/deploy?type=message&history=all" "$T/s2"
	wait_line "$T/s2" two
	sse_close
	run --separate-stderr "$SPOOLCAST" check
	same 1 "$status"
	grep -F 'problem: deploy.sse: has an event of a type that begins with spoolcast., which is delivered as a message; use other types' <<<"$output"
}

@test "a hint to stay away lasts a day at most" {
	: >"$SPOOL/deploy.sse"
	ini '[flush]' 'client_may_choose = yes' '[stream]' 'reconnect_rate = 1000000'
	start_lighttpd
	for ms in 86400001 9223372036854775807 99999999999999999999; do
		printf 'retry: %s\ndata: %s\n\n' "$ms" "$ms" \
			>>"$SPOOL/deploy.sse"
	done
	printf 'retry: 86400000\ndata: last\n\n' >>"$SPOOL/deploy.sse"
	sse_begin "$URL/deploy?history=all" "$T/s"
	wait_line "$T/s" last
	sse_close
	same '86400000 86400000 86400000 86400000' \
		"$(sed -n '/^retry: [0-9]\{6\}/s/retry: //p' "$T/s" | xargs)"
	# And so does what the client is told when the response ends.
	sse_begin "$URL/deploy?history=2&flush=close" "$T/s2"
	sse_end 10
	same 1 "$(tail -n 2 "$T/s2" | grep -c '^retry: 86400000$')"
}
