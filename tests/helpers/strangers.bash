# shellcheck shell=bash
# What the tests of rights share: a spool that all may write to, in which the
# user nobody has put something, and root or another user acts.

# strangers_setup: SPOOL can be written by all, and files there be removed by
# their owners only; all may come to it.
strangers_setup()
{
	((EUID == 0)) || skip "only root can be several users"
	local folder=$T
	chmod 1777 "$SPOOL"
	# The folders above are mktemp's and bats's.
	while [[ $folder != / ]]; do
		[[ $(stat -c %a "$folder") == *[1357] ]] || chmod a+x "$folder"
		folder=$(dirname "$folder")
	done
}

# as USER COMMAND...: as that user, who is in no other group.
as()
{
	local user=$1
	shift
	setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
}

# shellcheck disable=SC2154 # run sets $status and $stderr
# refused TEXT COMMAND...: exit code 111, nothing on stdout, TEXT on stderr.
refused()
{
	local text=$1
	shift
	run --separate-stderr "$@"
	printf 'status %s: %s\n' "$status" "$stderr"
	[[ $status == 111 && -z $output && $stderr == *"$text"* ]]
}
