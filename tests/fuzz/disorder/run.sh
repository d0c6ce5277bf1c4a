#!/bin/bash
# tests/fuzz/disorder/run.sh
#
# Disorder for MINUTES (10; 0.5 is half of one) or SECONDS_IN_ALL: two thirds of
# it for the responder with AddressSanitizer, UBSan and LeakSanitizer, the rest
# for the plain one with three processes.  SPOOLCAST tries another program, all
# the time, with PROCESSES (1).  Ends with 1 if something was found, and keeps
# the folders of those rounds.
#
# SEED repeats what one has drawn, from round ROUND on.  WITHOUT and ONLY leave
# out of what is done to the spool: the names are in the figures that stand at
# the end, and are joined by commas.  FIRST=1 stops with what is found first.  B
# is the build folder.
set -euo pipefail

cd "$(dirname "$0")/../../.."
build=${B:-build}
seconds=${SECONDS_IN_ALL:-$(awk -v minutes="${MINUTES:-10}" 'BEGIN {
	if (minutes !~ /^[0-9]+([.][0-9]+)?$/ || minutes <= 0)
		exit 1
	print int(minutes * 60 + 0.5)
}')} || {
	echo 'MINUTES is to be a number, 0.5 say' >&2
	exit 100
}

# The two limits: before the machine suffers from it.
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
ASAN_OPTIONS+=:handle_abort=1:exitcode=99:max_allocation_size_mb=300
ASAN_OPTIONS+=:hard_rss_limit_mb=2000
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:exitcode=99
# Suppressed leaks of libraries are no news.
export LSAN_OPTIONS=print_suppressions=0
unset SPOOLCAST_CONFIG SPOOLCAST_SPOOL

folder=$(mktemp -d "${TMPDIR:-/tmp}/spoolcast-disorder.XXXXXX")
status=0

# disorder PROGRAM PROCESSES SECONDS
disorder()
{
	local args=(--program "$1" --processes "$2" --seconds "$3"
		--folder "$folder/$2")
	[[ -z ${SEED:-} ]] || args+=(--seed "$SEED")
	[[ -z ${ROUND:-} ]] || args+=(--round "$ROUND")
	[[ -z ${WITHOUT:-} ]] || args+=(--without "$WITHOUT")
	[[ -z ${ONLY:-} ]] || args+=(--only "$ONLY")
	[[ -z ${FIRST:-} ]] || args+=(--first)
	mkdir "$folder/$2"
	printf '%s, %s processes, %s s\n' "$@"
	"$build/disorder/disorder" "${args[@]}" || status=$?
}

if [[ -n ${SPOOLCAST:-} ]]; then
	disorder "$SPOOLCAST" "${PROCESSES:-1}" "$seconds"
else
	disorder "$build/asan/spoolcast" 1 $(((seconds * 2 + 2) / 3))
	disorder "$build/spoolcast" 3 $(((seconds + 2) / 3))
fi
if ((status == 0)); then
	rm -rf "$folder"
else
	printf 'logs and spools are kept in %s\n' "$folder"
fi
exit "$status"
