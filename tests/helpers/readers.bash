# shellcheck shell=bash disable=SC2034,SC2153
# Readers of tests/web, each by its author's library or engine, in the
# background.  T/lines is all that they expect, once and in order.
#
#	load ../helpers/common
#	load ../helpers/readers

# read_lines PROGRAM URL [OPTION...]: follow or cut-off of tests/web; READER is
# it, and T/result what it says at the end.
read_lines()
{
	node "$WEB/$1.mjs" --url "$2" --expect "$T/lines" "${@:3}" \
		>"$T/result" 2>"$T/reader.err" 3>&- &
	READER=$!
	PIDS+=("$READER")
}

# follow URL [OPTION...]: from then on the functions below tell how far it is.
follow()
{
	read_lines follow "$1" --progress "$T/progress" --deadline 120 "${@:2}"
}

# has_read EVENTS: it has so many.
has_read()
{
	local events=0
	read -r events _ 2>/dev/null <"$T/progress" && ((events >= $1))
}

# progress_is EVENTS OPENS
progress_is()
{
	[[ $(cat "$T/progress" 2>/dev/null) == "$1 $2" ]]
}

# write_lines FROM TO: these of the lines, each by its own >> to news; TO may be
# $, the last.
write_lines()
{
	sed -n "$1,$2p" "$T/lines" | bash -c \
		'while IFS= read -r l; do echo "$l" >>"$1"; done' - "$SPOOL/news"
}

# read_end: the reader is done, and has each of the lines once and nothing else.
read_end()
{
	wait_for 200 gone "$READER"
	wait "$READER" || {
		cat "$T/result" "$T/reader.err" >&2
		return 1
	}
}

# cut_off READER URL [OPTION...]: the lines are written while it reads and is
# cut off.
cut_off()
{
	read_lines cut-off "$2" --reader "$1" --deadline 120 \
		--ready "$T/ready" "${@:3}"
	wait_for 60 test -e "$T/ready"
	write_lines 1 '$'
	read_end
}
