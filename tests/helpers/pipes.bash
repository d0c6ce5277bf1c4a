# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2153
# Named pipes in the spool.
#
#	load ../helpers/common
#	load ../helpers/pipes

JOURNAL=.spoolcast/alerts.fifo.log

# journal_has COUNT: so many lines are in the journal, in all its segments.
journal_has()
{
	(("$(cat "$SPOOL/$JOURNAL"* 2>/dev/null | wc -l)" >= $1))
}

# say TEXT [FILE]: a writer that comes, writes a line, and goes; it fails if it
# has to wait for somebody who reads.
say()
{
	echo "$1" 2>"$T/say.err" >"$SPOOL/${2:-alerts.fifo}" 3>&- &
	local writer=$!
	if ! wait_for 20 gone "$writer"; then
		kill "$writer"
		return 1
	fi
	wait "$writer"
}

# logged TEXT: by the responder of start_serve.
logged()
{
	grep -qsF -- "$1" "$T/serve.log"
}

# start_second: one more responder on the spool, which holds the pipe.
start_second()
{
	background "$T/second.log" "$SPOOLCAST" serve \
		--listen "unix:$T/second.sock"
	SECOND_PID=$PID
	wait_for 10 has_pipes 1 "$SECOND_PID"
}

# has_pipes COUNT [PID]: so many pipes of the spool are held.
has_pipes()
{
	(("$(find "/proc/${2:-$SERVE_PID}/fd" \( -lname "$SPOOL/*.fifo" -o \
		-lname "$SPOOL/*.fifo (deleted)" \) | wc -l)" == $1))
}
