#!/bin/bash
# tests/soak/run.sh
#
# Thousands of viewers who come and go, for HOURS (1; 0.1 is six minutes): does
# the responder grow, leak a descriptor, or lose anything?  Prints its memory
# over the time and ends with 1 and the reason if something is wrong; then its
# folder is kept.  SEED repeats what one has drawn.
#
# VIEWERS (5000), CHURN (50 a second are cut off and come back), RATE (20 events
# a second), ROTATE (each 60 seconds), LIFETIME (250s) and GROWTH (by 2 percent
# memory may) make it another test; B is the build folder.
set -euo pipefail

cd "$(dirname "$0")/../.."
seconds=$(awk -v hours="${HOURS:-1}" 'BEGIN {
	if (hours !~ /^[0-9]*[.]?[0-9]+$/ || hours * 3600 < 1)
		exit 1
	print int(hours * 3600 + 0.5)
}') || {
	echo 'HOURS is to be a number, 0.5 say' >&2
	exit 100
}

# shellcheck disable=SC2034 # of the helpers
BATS_TEST_DIRNAME=$PWD/tests/soak
# shellcheck source=tests/helpers/by_hand.bash
source tests/helpers/by_hand.bash

ROTATE=${ROTATE:-60}
KEEP=10
by_hand soak

# The file is moved away, as by a script; the next writer makes a new one.
move_away()
{
	local i
	rm -f "$SPOOL/news.$KEEP"
	for ((i = KEEP - 1; i > 0; i--)); do
		[[ ! -e $SPOOL/news.$i ]] ||
			mv "$SPOOL/news.$i" "$SPOOL/news.$((i + 1))"
	done
	mv "$SPOOL/news" "$SPOOL/news.1"
}

rotate()
{
	local never turn
	# Nothing comes here: a wait that leaves no process when it is ended.
	exec {never}<> <(:)
	for ((turn = 0; ; turn++)); do
		read -rt "$ROTATE" -u "$never" || true
		# Nobody writes any more at the end.
		[[ -e $SPOOL/news ]] || continue
		if ((turn % 2 == 0)); then
			"$SPOOLCAST" rotate news
		else
			move_away
		fi
		echo "$turn" >>"$T/rotations"
	done
}

# Each viewer takes a descriptor, and one by HTTP two of lighttpd.
ulimit -n "$(ulimit -Hn)"
ini "keep = $KEEP" '[stream]' "lifetime = ${LIFETIME:-250s}"
: >"$T/rotations"
start_serve
start_lighttpd_socket
background "$T/rotate.err" rotate
rotator=$PID

status=0
"${B:-build}/soak/soak" --address "unix:$T/serve.sock" \
	--http "127.0.0.1:$PORT" --pid "$SERVE_PID" --front "$LIGHTTPD_PID" \
	--file "$SPOOL/news" --viewers "${VIEWERS:-5000}" \
	--churn "${CHURN:-50}" --rate "${RATE:-20}" --seconds "$seconds" \
	--growth "${GROWTH:-2}" --seed "${SEED:-0}" || status=$?
printf '%-22s %s\n' rotations "$(wc -l <"$T/rotations")"
grep -oE 'event=[a-z-]+' "$T/serve.log" | sort | uniq -c |
	awk '{ printf "%-22s %s\n", $2, $1 }'
if gone "$rotator" || [[ -s $T/rotate.err ]]; then
	echo 'WRONG: rotation has failed'
	status=1
fi
((status == 0))
