# shellcheck shell=bash disable=SC2034
# What the measurements share: a folder for each round, notes and tables.
#
#	source "$(dirname "$0")/bench.bash"
#	bench_begin
#	for ROUND in $(rounds); do
#		round_begin
#		... start what tests/helpers/common.bash starts, measure ...
#		note ROW COLUMN VALUE
#		round_end
#	done
#	table HEADING COLUMN...
#
# BEFORE=PROGRAM is another build of spoolcast to compare with.  Where a
# measurement goes through VERSIONS, each round measures both, one after the
# other, and rows of the other one end in ", before":
#
#	for version in "${VERSIONS[@]}"; do
#		use_version "$version"
#		...
#		note_before ROW COLUMN
#	done
#	table HEADING COLUMN... "${BEFORE_COLUMNS[@]}"
#
# A round has a folder, servers and sockets of its own, as a test has; what it
# starts is ended with it, and all of it when the measurement ends in any way.
# Rounds take turns over all rows, so that a busy minute of the machine does
# not hit one of them alone.

set -euo pipefail

BENCH=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
B=${B:-build}
BUILD=$(cd "$BENCH/../.." && cd "$B" && pwd)
ROUNDS=${ROUNDS:-3}

# The other one first, so that there is something to compare with.
VERSIONS=(now)
BEFORE_COLUMNS=()
if [[ -n ${BEFORE:-} ]]; then
	BEFORE=$(realpath -e "$BEFORE")
	VERSIONS=(before now)
	BEFORE_COLUMNS=('x before')
fi

BATS_TEST_DIRNAME=$BENCH
BATS_TEST_COMPLETED=1
# shellcheck source=tests/helpers/by_hand.bash
source "$BENCH/../helpers/by_hand.bash"
# shellcheck source=tests/helpers/apache.bash
source "$BENCH/../helpers/apache.bash"

# bench_begin: WORK is the folder of this measurement.
bench_begin()
{
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/spoolcast-bench.XXXXXX")
	BATS_RUN_TMPDIR=$WORK
	NOTES=$WORK/notes
	ROUND_N=0
	: >"$NOTES"
	use_version now
	trap bench_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

bench_end()
{
	local status=$?
	trap '' INT TERM HUP
	((status == 0)) || [[ -z ${T:-} ]] || show_logs
	round_end || status=1
	rm -rf "$WORK"
	exit "$status"
}

# use_version now|before: from here on that one is measured; AS is what its rows
# end in.
use_version()
{
	SPOOLCAST=$BUILD/spoolcast
	AS=
	[[ $1 != before ]] || SPOOLCAST=$BEFORE AS=', before'
}

rounds()
{
	seq "$ROUNDS"
}

# round_begin: T, SPOOL, INI and so on are new, as common_setup makes them.
round_begin()
{
	ROUND_N=$((ROUND_N + 1))
	BATS_TEST_TMPDIR=$WORK/$ROUND_N
	mkdir "$BATS_TEST_TMPDIR"
	common_setup
	# Apache serves as www-data.
	chmod a+x "$WORK" "$T"
}

# round_end: all that was started in this round has ended.
round_end()
{
	[[ -n ${T:-} ]] || return 0
	local pid started=("${PIDS[@]}")
	# nginx writes its title over the mark: it is known by its number only.
	mapfile -t -O "${#PIDS[@]}" PIDS < <(marked)
	stop_all
	for pid in "${started[@]}"; do
		wait_for 10 gone "$pid"
	done
	rm -rf "$T"
	T=''
}

# place: a single request for the channel news, as of plain CGI; prints where it
# stood when it ended.
place()
{
	ini '[flush]' 'mode = close' 'hold = 0'
	REQUEST_METHOD=GET REQUEST_URI=/events/news \
		HTTP_ACCEPT=text/event-stream "$SPOOLCAST" >"$T/place" \
		2>>"$T/place.err"
	ini
	tr -d '\r' <"$T/place" >"$T/place.text"
	last_id "$T/place.text"
}

# is_alone: nobody is connected to what start_serve started; one socket is to
# listen on.
is_alone()
{
	(($(find "/proc/$SERVE_PID/fd" -lname 'socket:*' \
		2>/dev/null | wc -l) == 1))
}

# end_serve: what start_serve started is ended, even if it is deaf for now.
end_serve()
{
	kill -KILL "$SERVE_PID"
	wait "$SERVE_PID" 2>/dev/null || true
}

# --- notes --------------------------------------------------------------------

# note ROW COLUMN VALUE: what this round found.
note()
{
	printf '%s\t%s\t%s\n' "$1$AS" "$2" "$3" >>"$NOTES"
}

# noted ROW COLUMN: what the last round found.
noted()
{
	awk -F '\t' -v row="$1$AS" -v column="$2" \
		'$1 == row && $2 == column { value = $3 } END { print value }' \
		"$NOTES"
}

# note_ratio ROW COLUMN OF TO: what was noted in this round in column OF, as a
# multiple of what was in row TO; nothing where one of them is missing.  A peer is
# compared so, round by round.
note_ratio()
{
	local a b
	a=$(noted "$1" "$3")
	b=$(noted "$4" "$3")
	[[ -n $a && -n $b ]] || return 0
	note "$1" "$2" "$(awk -v a="$a" -v b="$b" \
		'BEGIN { if (b > 0) printf "%.2f", a / b }')"
}

# note_before ROW OF: what was noted in this round in column OF, as a multiple of
# what it was with the other build.
note_before()
{
	[[ -n ${BEFORE:-} && -z $AS ]] || return 0
	note_ratio "$1" 'x before' "$2" "$1, before"
}

# table HEADING COLUMN...: the rows in the order in which they were noted; each
# cell is the median of the rounds, with the least and the largest behind it
# where they differ.
table()
{
	local columns
	columns=$(printf '\t%s' "${@:2}")
	awk -F '\t' -v heading="$1" -v columns="${columns#?}" \
		-f "$BENCH/table.awk" "$NOTES"
}

# quantiles FILE: prints p50, p95 and the maximum of the numbers in it.
quantiles()
{
	sort -g "$1" | awk '{ v[NR] = $1 } END {
		if (NR) print v[int((NR + 1) / 2)], v[int(NR * 0.95 + 0.999)],
			v[NR] }'
}

# say TEXT...: a paragraph under a table, folded.
say()
{
	printf '%s\n' "$*" | fold -s -w 78 | sed 's/ *$//'
}

# cpu_ns PID...: what they have used until now, in nanoseconds, together.
cpu_ns()
{
	local pid ns sum=0
	for pid; do
		read -r ns _ 2>/dev/null <"/proc/$pid/schedstat" || ns=0
		sum=$((sum + ns))
	done
	echo "$sum"
}
