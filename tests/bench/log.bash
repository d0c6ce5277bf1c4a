#!/bin/bash
# How soon viewers have what they missed in a log of 1 GB: the first event from
# its middle, from the oldest of five segments, and the latest ten; how much of
# the file is read for that, and what it takes in memory.  Beside it the same
# from a log of a fiftieth of that.
# shellcheck source=tests/bench/bench.bash
source "$(dirname "$0")/bench.bash"

LINES_EACH=${LINES_EACH:-10000000}
TRIES=${TRIES:-50}
WAITING=${WAITING:-50}
LINE_BYTES=100

# The spools are made once; here is which, and from where they resume.
declare -A BEGINS ID

# lines FROM TO: numbers of $LINE_BYTES bytes each, with their line's end.
lines()
{
	seq -f "%0$((LINE_BYTES - 1)).0f" "$1" "$2"
}

# fill NAME LINES SEGMENTS: a spool whose channel news has so many lines in so
# many segments; it is resumed from the middle of the oldest.
fill()
{
	local each=$(($2 / $3)) segment at
	SPOOL=$WORK/$1
	mkdir "$SPOOL"
	lines 1 $((each / 2)) >"$SPOOL/news"
	ID[$1]=$(place)
	BEGINS[$1]=$(lines $((each / 2 + 1)) $((each / 2 + 1)))
	lines $((each / 2 + 1)) "$each" >>"$SPOOL/news"
	for ((segment = 1; segment < $3; segment++)); do
		at=$((segment * each))
		"$SPOOLCAST" rotate news 2>>"$T/rotate.err"
		lines $((at + 1)) $((at + each)) >>"$SPOOL/news"
	done
}

private_kb()
{
	awk '/^Private_Dirty:/ { print $2 }' "/proc/$SERVE_PID/smaps_rollup"
}

# ask ROW SPOOL OPTION...: with a responder of its own, whose memory is then
# its own, too.
ask()
{
	local name value row=$1 before
	round_begin
	SPOOL=$WORK/$2
	ini
	start_serve
	before=$(private_kb)
	"$BUILD/bench/resume" --address "unix:$T/serve.sock" \
		--pid "$SERVE_PID" "${@:3}" >"$T/out" 2>>"$T/resume.err"
	while read -r name value; do
		note "$row" "$name" "$value"
	done <"$T/out"
	wait_for 20 is_alone
	note "$row" kept_kb $(($(private_kb) - before))
	note "$row" peak_kb \
		"$(awk '/^VmHWM:/ { print $2 }' "/proc/$SERVE_PID/status")"
	round_end
	note_before "$row" first_ms
}

# resume ROW SPOOL OPTION...
resume()
{
	ask "$1" "$2" --uri /events/news --id "${ID[$2]}" \
		--begins "${BEGINS[$2]}" --tries "$TRIES" "${@:3}"
}

# latest ROW SPOOL LINES
latest()
{
	ask "$1" "$2" --uri '/events/news?history=10' \
		--begins "$(lines $(($3 - 9)) $(($3 - 9)))" --events 10 \
		--tries "$TRIES"
}

measure()
{
	resume "$small, from the middle" small --waiting "$WAITING"
	resume "$size, from the middle" one --waiting "$WAITING"
	resume "$size, from the oldest of 5" five --waiting "$WAITING"
	latest "$small, history=10" small $((LINES_EACH / 50))
	latest "$size, history=10" one "$LINES_EACH"
	ask "$size, middle to end" one --uri /events/news --id "${ID[one]}" \
		--begins "${BEGINS[one]}" --events $((LINES_EACH / 2))
}

bench_begin
size="$((LINES_EACH * LINE_BYTES / 1000000)) MB"
small="$((LINES_EACH * LINE_BYTES / 50000000)) MB"
round_begin
fill small $((LINES_EACH / 50)) 1
fill one "$LINES_EACH" 1
fill five "$LINES_EACH" 5
round_end
for _ in $(rounds); do
	for version in "${VERSIONS[@]}"; do
		use_version "$version"
		measure
	done
done
table 'a log of' first_ms max_ms all_ms read_kb viewer_kb kept_kb peak_kb \
	"${BEFORE_COLUMNS[@]}"
echo
say 'first_ms is the time from the connection to the first event, the median' \
	"of $TRIES, max_ms the longest (target: at most 5 ms); all_ms is how" \
	'long the last took until it had all it waited for: one event, ten, or' \
	"$((LINES_EACH / 2)). read_kb is what the responder has read for one;" \
	'whoever leaves at the first event has been sent more. viewer_kb is' \
	"private memory for each of $WAITING who stop reading, each at another" \
	'place; kept_kb what is left of it all when everybody has gone, and' \
	'peak_kb the most that was resident, libraries included.'
