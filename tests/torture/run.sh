#!/bin/bash
# tests/torture/run.sh [OPTION OF torture.mjs...]
#
# Tortures for MINUTES (10; 0.5 is half of one), from SEED if one is given, and
# prints what happened.  The folder of a run that failed is kept.  B is the
# build folder.
set -euo pipefail

cd "$(dirname "$0")/../.."
seconds=$(awk -v minutes="${MINUTES:-10}" 'BEGIN {
	if (minutes !~ /^[0-9]+([.][0-9]+)?$/ || minutes <= 0)
		exit 1
	print int(minutes * 60 + 0.5)
}') || {
	echo 'MINUTES is to be a number, 0.5 say' >&2
	exit 100
}

# What bats is to the helpers of the tests.
bats_require_minimum_version()
{
	:
}
# shellcheck disable=SC2034 # of the helpers
BATS_TEST_DIRNAME=$PWD/tests/torture
# shellcheck source=tests/helpers/common.bash
source tests/helpers/common.bash
# shellcheck source=tests/torture/stage.bash
source tests/torture/stage.bash

BATS_TEST_TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/spoolcast-torture.XXXXXX")
SPOOLCAST=${B:-build}/spoolcast
common_setup

finish()
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
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

torture "$seconds" "$@"
