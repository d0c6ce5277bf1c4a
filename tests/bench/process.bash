#!/bin/bash
# What it costs where each viewer is a process, by plain CGI or mod_fcgid: time
# to the first byte, CPU of a poll, memory; beside it the least that libfcgi
# asks for.  And 200 processes that have to poll beside 200 that are woken.
# shellcheck source=tests/bench/bench.bash
source "$(dirname "$0")/bench.bash"

STARTS=${STARTS:-100}
RUNNING=5
CROWD=${CROWD:-200}
SECONDS_EACH=${SECONDS_EACH:-5}

# A row of the first table: name, program.
programs=(
	"spoolcast|$BUILD/spoolcast"
	"libfcgi, hello|$BUILD/bench/hello"
	"spoolcast, static|$BUILD/static/spoolcast.fcgi"
	"libfcgi, hello, static|$BUILD/bench/static/hello"
)

request()
{
	export REQUEST_METHOD=GET REQUEST_URI=/events/news
	export HTTP_ACCEPT=text/event-stream
}

quantiles_ms() # FILE FIELD
{
	awk -v field="$2" '{ print $field / 1000 }' "$1" >"$1.ms"
	quantiles "$1.ms"
}

starts() # ROW PROGRAM
{
	local p50 p95
	: >"$SPOOL/news"
	(request && "$BUILD/bench/launch" "$STARTS" first "$2") \
		>"$T/first" 2>>"$T/starts.err"
	read -r p50 p95 _ < <(quantiles_ms "$T/first" 1)
	note "$1" 'first byte, ms' "$p50"
	note "$1" 'p95' "$p95"
}

polls() # ROW PROGRAM
{
	local p50
	ini '[flush]' 'mode = close' 'hold = 0'
	(request && HELLO_ENDS=1 "$BUILD/bench/launch" "$STARTS" whole "$2") \
		>"$T/whole" 2>>"$T/polls.err"
	read -r p50 _ < <(quantiles_ms "$T/whole" 1)
	note "$1" 'poll, ms CPU' "$p50"
	read -r p50 _ < <(quantiles_ms "$T/whole" 2)
	note "$1" 'poll, ms' "$p50"
	ini
}

# all_have COUNT TEXT: so many of the viewers' files have it.
all_have()
{
	(($(cat "$T"/s-*.out | grep -c "^$2") >= $1))
}

# note_memory ROW COLUMN PID...: the median of these.
note_memory()
{
	local row=$1 column=$2
	shift 2
	(($# == RUNNING)) || {
		printf 'process: %s processes, not %s\n' "$#" "$RUNNING" >&2
		return 1
	}
	# shellcheck disable=SC2016 # of awk
	printf '/proc/%s/smaps_rollup\n' "$@" | xargs -n 1 awk \
		'/^Private_Dirty:/ { print $2 }' | sort -n >"$T/memory"
	note "$row" "$column" "$(sed -n "$(((RUNNING + 1) / 2))p" "$T/memory")"
}

memory_cgi() # ROW PROGRAM
{
	local i pids=()
	rm -f "$T"/s-*.out
	for ((i = 0; i < RUNNING; i++)); do
		(request && exec "$2") </dev/null >"$T/s-$i.out" \
			2>>"$T/cgi.err" 3>&- &
		pids+=("$!")
	done
	wait_for 20 all_have "$RUNNING" 'id: '
	echo hello >>"$SPOOL/news"
	wait_for 20 all_have "$RUNNING" 'data: hello'
	note_memory "$1" 'CGI, kB' "${pids[@]}"
	kill "${pids[@]}"
}

memory_fcgid() # ROW PROGRAM
{
	local i pids
	rm -f "$T"/s-*.out
	SPOOLCAST=$2 apache_setup
	start_apache_fcgid
	for ((i = 0; i < RUNNING; i++)); do
		sse_open "$URL/news" "$T/s-$i.out"
	done
	wait_for 60 all_have "$RUNNING" 'id: '
	echo hello >>"$SPOOL/news"
	wait_for 20 all_have "$RUNNING" 'data: hello'
	mapfile -t pids < <(apache_responders || true)
	note_memory "$1" 'mod_fcgid, kB' "${pids[@]}"
}

measure() # ROW PROGRAM
{
	round_begin
	starts "$@"
	polls "$@"
	memory_cgi "$@"
	memory_fcgid "$@"
	round_end
	[[ $1 != spoolcast ]] || note_before "$1" 'poll, ms CPU'
}

targets()
{
	note 'target' 'first byte, ms' '<= 3'
	note 'target' 'poll, ms CPU' '< 3'
	for column in CGI mod_fcgid; do
		note 'target' "$column, kB" '<= 150'
		note 'target, static' "$column, kB" '<= 75'
	done
}

# The other build is linked like ours.
if [[ -n ${BEFORE:-} ]]; then
	programs=("spoolcast, before|$BEFORE" "${programs[@]}")
fi

# --- 200 that poll, 200 that are woken -------------------------------------------

# as_user N COMMAND...: a user of its own, since instances are counted by user.
as_user()
{
	local caps=+dac_override,+dac_read_search uid=$((400000 + $1))
	shift
	exec setpriv "--reuid=$uid" "--inh-caps=$caps" \
		"--ambient-caps=$caps" "$@"
}

# crowd USERS: so many processes, shared out among that many users.
crowd()
{
	local i
	PIDS=()
	request
	for ((i = 0; i < CROWD; i++)); do
		(as_user $((i % $1)) "$SPOOLCAST") </dev/null >"$T/s-$i.out" \
			2>>"$T/crowd.err" 3>&- &
		PIDS+=("$!")
	done
	wait_for 60 all_have "$CROWD" 'id: '
}

# spend ROW COLUMN COMMAND: what the crowd takes while COMMAND runs.
spend()
{
	local before after from=$EPOCHREALTIME
	before=$(cpu_ns "${PIDS[@]}")
	"$3"
	after=$(cpu_ns "${PIDS[@]}")
	awk -v ns=$((after - before)) -v n="$CROWD" -v from="$from" \
		-v to="$EPOCHREALTIME" \
		'BEGIN { printf "%.1f\n", ns / 1e3 / n / (to - from) }' \
		>"$T/spent"
	note "$1" "$2" "$(<"$T/spent")"
}

# What is measured is this time.
idle()
{
	sleep "$SECONDS_EACH"
}

event_a_second()
{
	local i
	for ((i = 0; i < SECONDS_EACH; i++)); do
		echo "event $i" >>"$SPOOL/news"
		sleep 1
	done
}

# Prints how many of the crowd have no inotify instance.
count_polling()
{
	local pid n=0
	for pid in "${PIDS[@]}"; do
		find "/proc/$pid/fd" -lname '*inotify*' 2>/dev/null |
			grep -q . || n=$((n + 1))
	done
	echo "$n"
}

# measure_crowd ROW USERS
measure_crowd()
{
	: >"$SPOOL/news"
	crowd "$2"
	# Those that poll have got to their longest interval by then.
	sleep 4
	spend "$1" 'idle' idle
	spend "$1" 'event a second' event_a_second
	wait_for 30 all_have $((CROWD * SECONDS_EACH)) 'data: event'
	note "$1" 'got' "$(cat "$T"/s-*.out | grep -c '^data: event')"
	note "$1" 'that poll' "$(count_polling)"
}

woken()
{
	round_begin
	measure_crowd "$CROWD that are woken" $((CROWD / 50))
	round_end
}

polling()
{
	round_begin
	: >"$T/hog"
	(as_user 0 "$BUILD/helpers/inotify_hog") >"$T/hog" 2>>"$T/hog.err" &
	wait_for 10 grep -q full "$T/hog"
	measure_crowd "$CROWD that poll" 1
	round_end
}

bench_begin
for _ in $(rounds); do
	for row in "${programs[@]}"; do
		measure "${row%%|*}" "${row##*|}"
	done
done
targets
table 'one process a viewer' 'first byte, ms' p95 'poll, ms CPU' 'poll, ms' \
	'CGI, kB' 'mod_fcgid, kB' "${BEFORE_COLUMNS[@]}"
echo
say "Medians of $STARTS starts. A poll is a whole response with mode = close" \
	'and hold = 0, from the start of the process to its end. Memory is' \
	"Private_Dirty of one of $RUNNING that run and have sent an event."
echo
if ((EUID != 0)); then
	say 'Polling and being woken are not compared: only root can be several' \
		'users, and inotify instances are counted by user.'
	exit 0
fi
: >"$NOTES"
for _ in $(rounds); do
	woken
	polling
done
table 'us of CPU a second, each' 'idle' 'event a second' 'that poll' 'got'
echo
say 'Those that poll were started while all inotify instances of their user' \
	"were in use. got: of $((CROWD * SECONDS_EACH)) deliveries. No heartbeat" \
	'comes within the time that is measured.'
