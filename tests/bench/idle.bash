#!/bin/bash
# What a responder does for viewers to whom nothing happens, behind an event that
# reached all of them: CPU, wake-ups, how evenly heartbeats are spread, and by
# strace what a heartbeat takes.
# shellcheck source=tests/bench/bench.bash
source "$(dirname "$0")/bench.bash"

VIEWERS=${VIEWERS:-9900}
# Waits are as long as they are: more rounds tell nothing new.
ROUNDS=1
HEARTBEAT=${HEARTBEAT:-15}

is_ready()
{
	grep -qs '^ready' "$T/out"
}

trace()
{
	timeout --foreground --signal INT $((HEARTBEAT - 2)) \
		strace -c -p "$SERVE_PID" -o "$T/calls" 2>"$T/strace.err" ||
		true
}

measure()
{
	local after name value
	round_begin
	ini '[stream]' "heartbeat = ${HEARTBEAT}s"
	: >"$SPOOL/news"
	start_serve
	background "$T/idle.err" "$BUILD/bench/idle" --viewers "$VIEWERS" \
		--address "unix:$T/serve.sock" --pid "$SERVE_PID" \
		--file "$SPOOL/news" --seconds "$HEARTBEAT" >"$T/out"
	wait_for $((20 * HEARTBEAT)) is_ready
	trace
	while IFS='|' read -r after name value; do
		[[ -z $value ]] || note "$after after the event" "$name" "$value"
	done <"$T/out"
	calls=$(awk '$4 ~ /^[0-9]+$/ && $NF != "total" {
		printf "%s%d %s", n++ ? ", " : "", $4, $NF }' "$T/calls")
	round_end
}

bench_begin
for _ in $(rounds); do
	measure
done
table "$VIEWERS viewers" 'CPU, %' wake-ups/s heartbeats/s 'busiest second' \
	'x mean'
echo
say "System calls in $((HEARTBEAT - 2)) seconds: $calls."
say "A heartbeat is due after $HEARTBEAT seconds of silence at the latest. x mean" \
	'is how much more came in the busiest second than in the mean of all.'
