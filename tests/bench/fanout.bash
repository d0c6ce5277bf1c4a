#!/bin/bash
# What a delivery costs the responder alone, without a web server: CPU and
# writes, and how late it is, in the flush modes stream and batch; beside it a
# bare send() of the same bytes to as many unix sockets.
# shellcheck source=tests/bench/bench.bash
source "$(dirname "$0")/bench.bash"

VIEWERS=${VIEWERS:-1000}
SECONDS_EACH=${SECONDS_EACH:-2}

# A row of the table is one of these at one of the rates; what is to be measured
# is a function subject_NAME, which sets SUBJECT to options of fanout.
subjects=(bare stream batch)
rates=(10 100 1000)

# Who sends has a core of its own; readers and the publisher have another.
pin_sender=()
pin_reader=()
cpu=()
if (($(nproc) > 1)) && taskset -c 0,1 true 2>/dev/null; then
	pin_sender=(taskset -c 0)
	pin_reader=(taskset -c 1)
	cpu=(--cpu 0)
fi

subject_bare()
{
	SUBJECT=(--bare "${cpu[@]}")
}

# responder MODE
responder()
{
	ini '[flush]' "mode = $1"
	: >"$SPOOL/news"
	start_serve "${pin_sender[@]}"
	SUBJECT=(--address "unix:$T/serve.sock" --pid "$SERVE_PID"
		--file "$SPOOL/news")
}

subject_stream()
{
	responder stream
}

subject_batch()
{
	responder batch
}

measure() # SUBJECT RATE
{
	local name value row="$1, $2/s"
	round_begin
	"subject_$1"
	"${pin_reader[@]}" "$BUILD/bench/fanout" "${SUBJECT[@]}" --rate "$2" \
		--viewers "$VIEWERS" --seconds "$SECONDS_EACH" \
		>"$T/out" 2>>"$T/fanout.err"
	while read -r name value; do
		note "$row" "$name" "$value"
	done <"$T/out"
	[[ $1 == bare ]] || note_ratio "$row" 'x bare' cpu_us "bare, $2/s"
	note_before "$row" cpu_us
	round_end
}

bench_begin
for _ in $(rounds); do
	for rate in "${rates[@]}"; do
		for version in "${VERSIONS[@]}"; do
			use_version "$version"
			for subject in "${subjects[@]}"; do
				measure "$subject" "$rate"
			done
		done
	done
done
table "$VIEWERS viewers" deliveries lost doubled cpu_us 'x bare' writes p50_ms \
	p99_ms "${BEFORE_COLUMNS[@]}"
echo
say 'cpu_us is what one delivery costs the process that sends (target: at most' \
	'1.4 x bare, in mode stream); writes are FastCGI records for each' \
	'delivery, one to a write; p50_ms and p99_ms are from the append to the' \
	'read. Where rows lie close to what a core can do, at 1000/s, delays are' \
	'those of the queue before the reader.'
