#!/bin/bash
# How much more two processes on two cores get done than one on one.  Readers
# would take a core of two, so they read nothing meanwhile: what is sent stays
# in the sockets, and it is measured until the last of them has it.
# shellcheck source=tests/bench/bench.bash
source "$(dirname "$0")/bench.bash"
# shellcheck source=tests/helpers/processes.bash
source "$BENCH/../helpers/processes.bash"

VIEWERS=${VIEWERS:-4000}
TIMES=${TIMES:-3}

# A row: its name, and how many processes, each on a core of its own.
rows=('1 process, 1 core|1' '2 processes, 2 cores|2')

# pin PID...: one core for each.
pin()
{
	local cpu=0 pid
	for pid; do
		taskset -p -c "$cpu" "$pid" >/dev/null
		cpu=$((cpu + 1))
	done
}

measure() # ROW PROCESSES
{
	local name value pids=()
	round_begin
	: >"$SPOOL/news"
	if (($2 == 1)); then
		start_serve
		pids=("$SERVE_PID")
	else
		start_processes "$2"
		mapfile -t pids < <(children)
	fi
	pin "${pids[@]}"
	"$BUILD/bench/cores" --address "unix:$T/serve.sock" \
		--file "$SPOOL/news" --viewers "$VIEWERS" --rounds "$TIMES" \
		"${pids[@]}" >"$T/out" 2>>"$T/cores.err"
	while read -r name value; do
		note "$1" "$name" "$value"
	done <"$T/out"
	note_ratio "$1" 'burst x 1' 'burst/s' '1 process, 1 core'
	note_ratio "$1" 'single x 1' 'single/s' '1 process, 1 core'
	round_end
}

if (($(nproc) < 2)) || ! taskset -c 0,1 true 2>/dev/null; then
	echo 'not measured, as there are no cores 0 and 1'
	exit 0
fi
bench_begin
for _ in $(rounds); do
	for row in "${rows[@]}"; do
		IFS='|' read -r name processes <<<"$row"
		measure "$name" "$processes"
	done
done
table "$VIEWERS viewers" burst/s 'burst x 1' burst_ns burst_cores \
	most_share lost doubled
echo
table "$VIEWERS viewers" single/s 'single x 1' single_ns single_cores
echo
say 'Deliveries a second into sockets that nobody reads, until all have theirs:' \
	'of 400 events of 100 bytes that were appended at once (burst), and of' \
	'events each of which was appended when all had the one before (single).' \
	'_ns is the CPU that a delivery costs all responders together, and _cores' \
	'how much of the cores they had: what looks whether all is there, and' \
	'whatever else runs here, has the rest. most_share is how many viewers' \
	'the process with most of them has, as a multiple of its even share.'
