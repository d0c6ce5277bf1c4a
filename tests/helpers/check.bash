# shellcheck shell=bash disable=SC2154,SC2030,SC2031,SC2034
# What the tests of check share: a folder with a spool for each, and what the
# program says of it.

bats_require_minimum_version 1.5.0

check_setup()
{
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	SPOOLCAST=${SPOOLCAST:-$ROOT/build/spoolcast}
	[[ $SPOOLCAST == /* ]] || SPOOLCAST=$PWD/$SPOOLCAST
	unset SPOOLCAST_CONFIG SPOOLCAST_SPOOL REQUEST_METHOD LISTEN_FDS
	T=$BATS_TEST_TMPDIR
	export HOME=$T/home
	mkdir -p "$HOME" "$T/spool"
	cd "$T" || return 1
	echo '[spool]' >my.ini
}

check_teardown()
{
	chmod -R u+rwx "$T"
}

# As "$@", but what is not permitted is refused to root, too.
as_mortal()
{
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --bounding-set -dac_override,-dac_read_search \
			--inh-caps -dac_override,-dac_read_search "$@"
	else
		"$@"
	fi
}

# check STATUS ARG...: the output is also valid JSON with --json, and the same
# problems and notes are in it.
check()
{
	local want=$1 json
	shift
	json=$(as_mortal "$SPOOLCAST" check --json "$@") || true
	[ "$(jq -r .ok <<<"$json")" = "$([ "$want" -eq 0 ] && echo true ||
		echo false)" ]
	run --separate-stderr as_mortal "$SPOOLCAST" check "$@"
	echo "status $status, stderr: $stderr"
	echo "$output"
	[ "$status" -eq "$want" ]
	[ -z "$stderr" ]
	[ "$(grep -c '^problem: ' <<<"$output")" -eq \
		"$(jq '.problems | length' <<<"$json")" ]
	[ "$(grep -v '^note: and [0-9]* more$' <<<"$output" |
		grep -c '^note: ')" -eq \
		"$(jq '.notes | length' <<<"$json")" ]
}

# says LINE: this is a line of the output, in full.
says()
{
	grep -qxF -- "$1" <<<"$output" || {
		echo "not said: $1"
		return 1
	}
}

# hints START: a line of the output starts so.
hints()
{
	local line
	while read -r line; do
		[[ $line == "$1"* ]] && return 0
	done <<<"$output"
	echo "not said: $1..."
	return 1
}
