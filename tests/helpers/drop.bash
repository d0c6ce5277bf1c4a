# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2153
# A drop folder in the spool.
#
#	load ../helpers/common
#	load ../helpers/drop

JOURNAL=.spoolcast/jobs.d.log

# drop NAME [TEXT]: a file of TEXT, or else of what comes in, is moved in.
drop()
{
	if (($# > 1)); then
		echo "$2" >"$SPOOL/.new"
	else
		cat >"$SPOOL/.new"
	fi
	mv "$SPOOL/.new" "$SPOOL/jobs.d/$1"
}

# journalled: the data in the journal, in all its segments, oldest first.
journalled()
{
	local file
	find "$SPOOL/.spoolcast" -name 'jobs.d.log*' | sort -Vr |
		while read -r file; do
			sed -n 's/^data: //p' "$file"
		done
}

# journal_has COUNT: so many records are in it.
journal_has()
{
	(("$(journalled | wc -l)" >= $1))
}

# is_empty: no file is left in the folder.
is_empty()
{
	[[ -z $(find "$SPOOL/jobs.d" -type f) ]]
}

# logged TEXT: by the responder of start_serve.
logged()
{
	grep -qsF -- "$1" "$T/serve.log"
}

# start_second: one more responder on the spool, which waits to take over.
start_second()
{
	background "$T/second.log" "$SPOOLCAST" serve \
		--listen "unix:$T/second.sock"
	SECOND_PID=$PID
	wait_for 10 listens "$T/second.sock"
}
