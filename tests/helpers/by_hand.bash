# shellcheck shell=bash disable=SC2034
# The helpers of the tests for what runs without bats.  BATS_TEST_DIRNAME is set
# before this is sourced.

# What bats is to them.
bats_require_minimum_version()
{
	:
}
# shellcheck source=tests/helpers/common.bash
source "$(dirname "${BASH_SOURCE[0]}")/common.bash"

# by_hand NAME: T and so on, as a test has them; whatever was started ends with
# the script, and T stays if that fails.
by_hand()
{
	BATS_TEST_TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/spoolcast-$1.XXXXXX")
	SPOOLCAST=${SPOOLCAST:-${B:-build}/spoolcast}
	common_setup
	trap by_hand_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

by_hand_end()
{
	local status=$?
	trap '' INT TERM HUP
	BATS_TEST_COMPLETED=$((status == 0)) stop_all || status=1
	if ((status == 0)); then
		rm -rf "$T"
	else
		printf 'logs and spool are kept in %s\n' "$T"
	fi
	exit "$status"
}
