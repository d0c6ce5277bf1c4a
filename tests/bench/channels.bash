#!/bin/bash
# What an append costs the responder alone, with 10, 1,000 and 10,000 channels
# in its spool that have a viewer each: written are ten of them, or all in turn.
# shellcheck source=tests/bench/bench.bash
source "$(dirname "$0")/bench.bash"

CHANNELS=${CHANNELS:-10 1000 10000}
WRITTEN=10
RATE=${RATE:-1000}
EVENTS=${EVENTS:-5000}

# Who sends has a core of its own; readers and the publisher have another.
pin_sender=()
pin_reader=()
if (($(nproc) > 1)) && taskset -c 0,1 true 2>/dev/null; then
	pin_sender=(taskset -c 0)
	pin_reader=(taskset -c 1)
fi

# as_many CHANNELS: N is that number, or what open files allow: a viewer and a
# file for each, and what is common.
as_many()
{
	local wanted=$((2 * $1 + 100)) limit
	N=$1
	limit=$(ulimit -Hn)
	[[ $limit != unlimited ]] && ((limit < wanted)) || return 0
	ulimit -Hn "$wanted" 2>/dev/null && return 0
	N=$(((limit - 100) / 2))
	FEWER="$1 need $wanted open files, of which there may be $limit"
	FEWER+=" (ulimit -Hn): so there were only $N."
}

measure() # ROW CHANNELS WRITTEN
{
	local name value
	round_begin
	# What viewers cost while nothing is written is not measured here.
	ini '[stream]' 'heartbeat = 1h' 'lifetime = 0'
	start_serve "${pin_sender[@]}"
	(cd "$SPOOL" && exec "${pin_reader[@]}" "$BUILD/bench/channels" \
		--address "unix:$T/serve.sock" --pid "$SERVE_PID" \
		--channels "$2" --written "$3" --rate "$RATE" \
		--events "$EVENTS") >"$T/out" 2>>"$T/channels.err"
	while read -r name value; do
		note "$1" "$name" "$value"
	done <"$T/out"
	note_ratio "$1" 'x 10' cpu_us "$first"
	note_before "$1" cpu_us
	round_end
}

measure_all()
{
	local n row
	first=
	for n in $CHANNELS; do
		as_many "$n"
		row="$N, $WRITTEN written"
		first=${first:-$row}
		measure "$row" "$N" "$WRITTEN"
		((N == WRITTEN)) || measure "$N, all written" "$N" "$N"
	done
}

FEWER=
bench_begin
for _ in $(rounds); do
	for version in "${VERSIONS[@]}"; do
		use_version "$version"
		measure_all
	done
done
table 'channels' appends lost doubled cpu_us 'x 10' p50_ms p99_ms viewer_us \
	"${BEFORE_COLUMNS[@]}"
echo
say 'cpu_us is what an append costs the responder, x 10 that as a multiple of' \
	'the first row (target: it does not depend on their number); p50_ms and' \
	'p99_ms are from the append to the read. What differs between ten' \
	'written and all is what is in the caches of the processor.' \
	'viewer_us is what it costs until a viewer has the start of a stream.' "$FEWER"
