#!/bin/bash
# tests/run.sh [PATTERN...]
#
# Builds what is wanted, runs it and ends with the line "N passed, N failed".  A
# pattern picks files by name, as in
#
#	tests/run.sh unit/test_buf 'serve/10-*' 'asan/serve/*'
#
# and without asan/ it picks both variants.  B is the build folder.
#
# All of it runs with the plain program and once more with the one that has
# AddressSanitizer and UBSan in it, four files at a time but for some.  Every
# output is kept in $B/results.  With BUILT=1 all is built already.
set -u
cd "$(dirname "$0")/.." || exit 1

B=${B:-build}
case $B in
/*) build=$B ;;
*) build=$PWD/$B ;;
esac
results=$build/results
patterns=("${@#tests/}")

# Longest time for one file, in seconds; few take a tenth of it.
FILE_LIMIT=${FILE_LIMIT:-900}

if [[ -z ${BUILT-} ]]; then
	make -s -j"$(nproc)" B="$B" all static tests-built asan-built || exit 1
fi

rm -rf "$results"
mkdir -p "$results" || exit 1

# Whatever tests start carries this in its environment.
export SPOOLCAST_RUN=$$-$RANDOM
export CMOCKA_MESSAGE_OUTPUT=TAP
unset SPOOLCAST_CONFIG SPOOLCAST_SPOOL

report=$results/sanitizer
export ASAN_OPTIONS=log_path=$report:detect_leaks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=log_path=$report:print_stacktrace=1
# Suppressed leaks of libraries are no news.
export LSAN_OPTIONS=print_suppressions=0

# These take long and are about time, memory or numbers; what they run is run by
# others with AddressSanitizer, too.  Asked for as asan/... they run with it.
PLAIN_ONLY=' cli/locks.bats serve/36-slow.bats serve/37-fair.bats
	serve/61-dear-requests.bats serve/62-memory-limit.bats
	servers/apache-cgi.bats servers/apache-close.bats
	servers/apache-fcgid.bats servers/apache-lifetimes.bats
	servers/apache-proxy-fcgi.bats servers/modes-apache.bats
	servers/modes-lighttpd.bats servers/modes-nginx.bats
	servers/static.bats servers/away.bats servers/clients.bats
	servers/rows.bats servers/others.bats serve/70-idle.bats
	serve/81-pages.bats unit/test_drop_many '

# is_plain_only LABEL: it is asan/... of one of these.
is_plain_only()
{
	[[ $1 == asan/* &&
		$PLAIN_ONLY == *[[:space:]]"${1#asan/}"[[:space:]]* ]]
}

# wanted LABEL: it was asked for, or nothing was.
wanted()
{
	local pattern name=$1
	# Both variants have this name.
	is_plain_only "$1" || name=${1#asan/}
	if ((${#patterns[@]} == 0)); then
		[[ $name != asan/* ]]
		return
	fi
	for pattern in "${patterns[@]}"; do
		# shellcheck disable=SC2053 # they are patterns
		if [[ $1 == $pattern || $1 == $pattern.bats ||
			$name == $pattern || $name == $pattern.bats ]]; then
			return 0
		fi
	done
	return 1
}

# A file's label as part of the name of its results.
output_of()
{
	printf '%s/%s' "$results" "${1//\//-}"
}

# judge LABEL SECONDS STATUS: reads the file's TAP, prints one line, and all of
# the TAP if anything is wrong with it; leaves the counts in LABEL.counts.
judge()
{
	local label=$1 seconds=$2 status=$3 out counts verdict=ok ended
	out=$(output_of "$label")
	counts=$(awk -v status="$status" '
		/^ok .*# [Ss][Kk][Ii][Pp]/ { skipped++; next }
		/^ok / { passed++ }
		/^not ok / { failed++ }
		/^1\.\.[0-9]+/ { plan = substr($1, 4); planned = 1 }
		END {
			# What crashed, was stopped, lied about its plan or
			# failed without saying where, failed once more.
			if (!planned || plan != passed + failed + skipped ||
			    (status != 0 && failed == 0))
				failed++
			print passed + 0, failed + 0, skipped + 0
		}' "$out.tap")
	printf '%s\n' "$counts" >"$out.counts"
	[[ $counts == *' 0 '* ]] || verdict=FAILED
	ended=("$results"/*.counts)
	printf '%3d of %d %-6s %-32s %4d tests %6.1f s\n' "${#ended[@]}" \
		"$n_files" "$verdict" "$label" \
		"$(awk '{ print $1 + $2 + $3 }' <<<"$counts")" "$seconds"
	if [[ $verdict == FAILED ]]; then
		printf -- '---- %s ended with %s\n' "$label" "$status"
		grep -vE '^ok ' "$out.tap"
		printf -- '----\n'
	fi
}

# run_file LABEL COMMAND...
run_file()
{
	local label=$1 status from=$EPOCHREALTIME out
	shift
	if [[ $is_counting == yes ]]; then
		n_files=$((n_files + 1))
		return
	fi
	out=$(output_of "$label")
	timeout --kill-after=10 "$FILE_LIMIT" "$@" >"$out.tap" 2>&1 </dev/null
	status=$?
	# One piece, so that what runs beside this does not come between.
	judge "$label" "$(awk -v a="$from" -v b="$EPOCHREALTIME" \
		'BEGIN { print b - a }')" "$status" >"$out.verdict"
	cat "$out.verdict"
}

# The first argument of what follows is the variant: nothing or asan/.  While
# is_counting, a file is only counted.

run_units()
{
	local program label
	for program in "$build/$1"unit/test_*; do
		[[ -x $program && -f $program ]] || continue
		label=$1unit/${program##*/}
		if wanted "$label"; then
			run_file "$label" "$program"
		fi
	done
}

run_corpora()
{
	local program label
	for program in "$build/$1"fuzz/fuzz_*; do
		[[ -x $program && -f $program ]] || continue
		label=$1fuzz/${program##*/fuzz_}
		if wanted "$label"; then
			run_file "$label" "$program" \
				"tests/fuzz/corpus/${program##*/fuzz_}"
		fi
	done
}

# What measures memory, or who waits for whom: that depends on what else runs.
ALONE=' serve/36-slow.bats serve/37-fair.bats serve/61-dear-requests.bats
	serve/62-memory-limit.bats serve/71-memory.bats
	servers/static.bats '

# is_due LABEL: it belongs to what runs beside others, or else alone.
is_due()
{
	if [[ $ALONE == *[[:space:]]"${1#asan/}"[[:space:]]* ]]; then
		[[ $runs_alone == yes ]]
	else
		[[ $runs_alone == no ]]
	fi
}

# run_bats VARIANT FOLDER
run_bats()
{
	local variant=$1 file label
	for file in tests/"$2"/*.bats; do
		[[ -f $file ]] || continue
		label=$variant${file#tests/}
		is_due "$label" || continue
		if wanted "$label"; then
			SPOOLCAST=$build/${variant}spoolcast \
				run_file "$label" bats --tap "$file"
		fi
	done
}

# run_all VARIANT FOLDER...
run_all()
{
	local variant=$1 folder
	shift
	# Four at once, and a sanitizer makes it all slower.
	export WAIT_FACTOR=2
	[[ $variant != asan/ ]] || WAIT_FACTOR=4
	for folder; do
		case $folder in
		unit) run_units "$variant" ;;
		fuzz)
			run_corpora "$variant"
			run_bats "$variant" fuzz
			;;
		*) run_bats "$variant" "$folder" ;;
		esac
	done
}

# What the other lanes leave.
run_rest()
{
	run_all '' unit cli torture
	run_all asan/ fuzz cli servers torture
}

# Compilers and linters take what the others leave of the processors, so that no
# test waits longer for their sake.
run_lint()
{
	[[ $is_counting == yes ]] || renice -n 5 -p "$BASHPID" >/dev/null
	FILE_LIMIT=$((5 * FILE_LIMIT)) run_all '' arch
}

# lane COMMAND...: beside the others.  Most tests wait most of the time.
lane()
{
	if [[ $is_counting == yes ]]; then
		"$@"
		return
	fi
	"$@" &
	lanes+=($!)
}

run_everything()
{
	lanes=()
	runs_alone=no
	# As long as one another, as far as that can be.
	lane run_all '' fuzz serve
	lane run_all asan/ unit serve
	lane run_all '' servers
	lane run_rest
	lane run_lint
	((${#lanes[@]} == 0)) || wait "${lanes[@]}"
	runs_alone=yes
	run_all '' serve servers
	run_all asan/ serve servers
}

# ours RUN: prints the ids of processes that belong to that run by their mark,
# or whose program is one of ours.
ours()
{
	unset SPOOLCAST_RUN
	{
		grep -lszxF "SPOOLCAST_RUN=$1" /proc/[0-9]*/environ
		find /proc/[0-9]*/exe -maxdepth 0 -lname "$build/*" 2>/dev/null
	} | cut -d / -f 3 | sort -u
}

# Prints those that were not there when this began.
left_behind()
{
	local after
	after=$(ours "$SPOOLCAST_RUN")
	unset SPOOLCAST_RUN
	comm -13 <(printf '%s\n' "$before") <(printf '%s\n' "$after")
}

# extra LABEL PROBLEM: one more test, passed when there is no problem.
extra()
{
	local out
	out=$(output_of "$1")
	if [[ -z $2 ]]; then
		printf '1..1\nok 1 - %s\n' "$1" >"$out.tap"
	else
		printf '1..1\nnot ok 1 - %s\n%s\n' "$1" "$2" >"$out.tap"
	fi
	judge "$1" 0 0
}

check_left_behind()
{
	local pid found='' tries=50
	while ((tries-- > 0)) && [[ -n $(left_behind) ]]; do
		sleep 0.1
	done
	for pid in $(left_behind); do
		found+="$pid $({ tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null)"$'\n'
		kill -KILL "$pid" 2>/dev/null
	done
	extra 'no process is left behind' "$found"
}

check_sanitizers()
{
	local file found='' fault='ERROR: (Address|Leak)Sanitizer|runtime error:'
	for file in "$report".*; do
		if grep -qsE "$fault" "$file"; then
			found+=$(head -n 60 "$file")$'\n'
		fi
	done
	found+=$(grep -lE "$fault" "$results"/*.tap)
	extra 'no sanitizer has anything to report' "$found"
}

# What failed and why, once more: what was said of it scrolled away long ago.
tell_failed()
{
	local verdict
	for verdict in "$results"/*.verdict; do
		grep -q '^ *[0-9]* of [0-9]* FAILED' "$verdict" || continue
		verdict=${verdict%.verdict}
		printf 'failed: %s\n' "${verdict##*/}"
		grep -A 14 '^not ok ' "$verdict.tap" | head -n 40
	done
}

# Why so many did not run, a reason a line.
tell_skipped()
{
	sed -nE 's/^ok .*# [Ss][Kk][Ii][Pp] *//p' "$results"/*.tap | sort |
		uniq -c | sort -rn | sed 's/^ *\([0-9]*\) /skipped: \1, /'
}

begin=$SECONDS
# A demo that somebody runs meanwhile is none of our business.
before=$(ours "$SPOOLCAST_RUN")
# What there is to run, and then that.
n_files=2 # those of the end
is_counting=yes
run_everything
is_counting=no
run_everything

if ! compgen -G "$results/*.counts" >/dev/null; then
	echo 'no test ran' >&2
	echo '0 passed, 0 failed'
	exit 1
fi
check_left_behind
check_sanitizers

read -r passed failed skipped < <(cat "$results"/*.counts |
	awk '{ p += $1; f += $2; s += $3 } END { print p, f, s }')
printf '%d s in all; every output is in %s\n' $((SECONDS - begin)) "$results"
((failed == 0)) || tell_failed
summary="$passed passed, $failed failed"
tell_skipped
((skipped == 0)) || summary+=", $skipped skipped"
echo "$summary"
((failed == 0 && passed > 0))
