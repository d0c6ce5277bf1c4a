#!/usr/bin/env bats
# Peers who ask nonsense, and a spool to which all sorts of things happen, for a
# minute in all (see disorder/); `make disorder` runs it for as long as one
# likes.

load ../helpers/common

setup() { common_setup; }

@test "nothing that peers ask and happens to the spool stops or bloats it" {
	local seconds=20 processes=3
	if [[ $SPOOLCAST == */asan/* ]]; then
		seconds=40 processes=1
	fi
	# What was found is told here, and its logs stay.
	SECONDS_IN_ALL=$seconds PROCESSES=$processes TMPDIR=${TMPDIR:-/tmp} \
		"$ROOT/tests/fuzz/disorder/run.sh"
}

# What others would miss: rights of the root folder and of devices, names there.
machine()
{
	stat -c '%a %u %g %n' / /dev /dev/null /dev/zero /dev/full
	ls -A /
}

@test "whatever links lead to, nothing outside of the folder is touched" {
	local before
	before=$(machine)
	# The findings are for the test above.
	ONLY=symlinks,become,move,rights,drop,taking,lines,publish,forge \
		SECONDS_IN_ALL=5 PROCESSES=1 TMPDIR=$T \
		"$ROOT/tests/fuzz/disorder/run.sh" || true
	same "$before" "$(machine)"
}
