#!/bin/bash
# What viewers who never read cost the others: delays among VIEWERS viewers at
# the responder's socket, of whom no one or 5 % have stopped reading, and the
# memory of the responder then.
# shellcheck source=tests/bench/bench.bash
source "$(dirname "$0")/bench.bash"

VIEWERS=${VIEWERS:-10000}
SECONDS_EACH=${SECONDS_EACH:-5}
RATE=10

# Each is a descriptor here and one there, besides some for other things.
most=$(ulimit -Hn)
if [[ $most != unlimited ]] && ((VIEWERS > most - 100)); then
	VIEWERS=$((most - 100))
fi

# What sends has a core of its own; readers and the publisher have another.
pin_sender=()
pin_reader=()
if (($(nproc) > 1)) && taskset -c 0,1 true 2>/dev/null; then
	pin_sender=(taskset -c 0)
	pin_reader=(taskset -c 1)
fi

measure() # PERCENT
{
	local name value deaf=$((VIEWERS * $1 / 100)) row="$1 % deaf"
	round_begin
	# More than a socket takes, for those to begin with.
	seq -f "line %.0f $(printf '%0500d' 0)" 1000 >"$SPOOL/news"
	start_serve "${pin_sender[@]}"
	"${pin_reader[@]}" "$BUILD/bench/fanout" --pid "$SERVE_PID" \
		--address "unix:$T/serve.sock" --file "$SPOOL/news" \
		--rate "$RATE" --seconds "$SECONDS_EACH" --deaf "$deaf" \
		--viewers $((VIEWERS - deaf)) >"$T/out" 2>>"$T/fanout.err"
	while read -r name value; do
		note "$row" "$name" "$value"
	done <"$T/out"
	note "$row" peak_kb "$(awk '$1 == "VmHWM:" { print $2 }' \
		"/proc/$SERVE_PID/status")"
	note_ratio "$row" 'x none' fanout_ms '0 % deaf'
	round_end
}

bench_begin
for _ in $(rounds); do
	measure 0
	measure 5
done
table "$VIEWERS viewers, $RATE/s" deliveries lost doubled cpu_us p50_ms p99_ms \
	fanout_ms 'x none' peak_kb
echo
say 'Delays are those of the viewers who read: p50_ms and p99_ms from the append' \
	'to the read, fanout_ms until the last of them has it (median of the' \
	'events; x none: as a multiple of that without deaf ones); peak_kb is the' \
	'most that the responder has had of memory.'
