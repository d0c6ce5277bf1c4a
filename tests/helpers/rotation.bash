# shellcheck shell=bash disable=SC2153
# Rotation by others, and what streams tell of it.
#
#	load ../helpers/common
#	load ../helpers/rotation

# rotate CHANNEL: as logrotate does it, without the new file.
rotate()
{
	local n
	for n in 8 7 6 5 4 3 2 1; do
		if [[ -e $SPOOL/$1.$n ]]; then
			mv "$SPOOL/$1.$n" "$SPOOL/$1.$((n + 1))"
		fi
	done
	mv "$SPOOL/$1" "$SPOOL/$1.1"
}

# numbers FROM TO: as texts prints them.
numbers()
{
	seq -s , -f '"%g"' "$1" "$2"
}

# no_gap FILE: the stream has told of none.
no_gap()
{
	same '' "$(texts "$1" spoolcast.gap)"
}
