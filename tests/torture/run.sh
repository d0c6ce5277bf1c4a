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

# shellcheck disable=SC2034 # of the helpers
BATS_TEST_DIRNAME=$PWD/tests/torture
# shellcheck source=tests/helpers/by_hand.bash
source tests/helpers/by_hand.bash
# shellcheck source=tests/torture/stage.bash
source tests/torture/stage.bash

by_hand torture

torture "$seconds" "$@"
