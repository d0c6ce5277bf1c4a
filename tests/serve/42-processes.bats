#!/usr/bin/env bats
# spoolcast serve --processes: several responders and the parent they have.

# shellcheck disable=SC2153 # background sets PID
load ../helpers/common
load ../helpers/processes

setup()
{
	common_setup
	: >"$SPOOL/news"
}

teardown() { stop_all; }

@test "so many as asked for, under a parent, and none but the first alone" {
	start_processes 3
	same 3 "$(children | wc -l)"
	stop_processes TERM
	start_serve
	same 0 "$(children | wc -l)"
}

@test "one that is killed is started again" {
	start_processes 2
	local killed
	killed=$(children | head -n 1)
	kill -KILL "$killed"
	wait_for 10 gone "$killed"
	wait_for 20 has_children 2
	grep -q "event=process-died pid=$killed signal=9" "$T/serve.log"
	# Who is told to end on its own is replaced, too.
	killed=$(children | head -n 1)
	kill -TERM "$killed"
	wait_for 10 gone "$killed"
	wait_for 20 has_children 2
	grep -q "event=process-ended pid=$killed status=0" "$T/serve.log"
}

@test "one that dies again and again is started less and less often" {
	start_processes 2
	# The one that was started last is the one that dies.
	is_late()
	{
		kill -KILL "$(children | tail -n 1)"
		wait_for 20 has_children 2
		grep -q 'died .*again_in_ms=400$' "$T/serve.log"
	}
	wait_for 60 is_late
	grep -q 'died .*again_in_ms=0$' "$T/serve.log"
	grep -q 'died .*again_in_ms=100$' "$T/serve.log"
	grep -q 'died .*again_in_ms=200$' "$T/serve.log"
}

@test "signals are passed on, and the parent ends with the last" {
	local signal
	for signal in TERM INT USR1 HUP; do
		start_processes 2
		stop_processes "$signal"
		same 3 "$(grep -c "event=stopping signal=$signal" \
			"$T/serve.log")"
		[[ ! -e $T/serve.sock ]]
	done
}

@test "each viewer is told to come back when all are stopped" {
	start_processes 2
	start_lighttpd_socket
	local viewers=() n
	for n in {1..8}; do
		sse_begin "$URL/news" "$T/s$n"
		viewers+=("$VIEWER")
	done
	stop_processes TERM
	for n in {1..8}; do
		sse_end 10 "${viewers[n - 1]}"
		same 2 "$(grep -c '^retry: ' "$T/s$n")"
	done
}

@test "a crowd that waits to be accepted at a stop is told to come back" {
	start_processes 2
	local n peer=${SPOOLCAST%/*}/helpers/fcgi_peer pids
	mapfile -t pids < <(children)
	kill -STOP "${pids[@]}"
	for n in {1..50}; do
		background "$T/peer.$n.err" timeout 60 "$peer" \
			"unix:$T/serve.sock" get REQUEST_METHOD=GET \
			REQUEST_URI=/news HTTP_ACCEPT=text/event-stream \
			>"$T/peer.$n"
	done
	all_wait()
	{
		local waiting
		waiting=$(awk -v path="$T/serve.sock" \
			'$4 != "00010000" && $8 == path' /proc/net/unix | wc -l)
		((waiting >= 50))
	}
	wait_for 30 all_wait
	kill -TERM "$SERVE_PID"
	# Only then: until it is told, a process takes part in serving.
	told() { grep -q "stopping signal=TERM processes" "$T/serve.log"; }
	wait_for 10 told
	kill -CONT "${pids[@]}"
	wait_for 20 gone "$SERVE_PID"
	for n in {1..50}; do
		wait_for 20 grep -q '^retry: ' "$T/peer.$n"
	done
}

@test "they end in good order when the parent is killed" {
	start_processes 2
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s"
	local pids
	mapfile -t pids < <(children)
	kill -KILL "$SERVE_PID"
	sse_end 10
	same 2 "$(grep -c '^retry: ' "$T/s")"
	wait_for 10 gone "${pids[0]}"
	wait_for 10 gone "${pids[1]}"
	same 2 "$(grep -c 'event=stopping signal=TERM' "$T/serve.log")"
}

@test "one that does not hear that it is to end is killed" {
	ini '[stream]' 'drain = 100ms'
	start_processes 2
	kill -STOP "$(children | head -n 1)"
	stop_processes TERM
	grep -q 'event=process-killed processes=1' "$T/serve.log"
}

# peers N: so many viewers, one after another, that have a place.
peers()
{
	local n peer=${SPOOLCAST%/*}/helpers/fcgi_peer
	for ((n = 0; n < $1; n++)); do
		: >"$T/peer.$n"
		background "$T/peers.err" timeout 100 "$peer" --deadline 100 \
			"unix:$T/serve.sock" get REQUEST_METHOD=GET \
			REQUEST_URI=/news HTTP_ACCEPT=text/event-stream \
			>"$T/peer.$n"
		wait_for 10 grep -q '^id: ' "$T/peer.$n"
	done
}

# connections PID: how many sockets it has.
connections()
{
	find "/proc/$1/fd" -lname 'socket:*' | wc -l
}

@test "viewers are spread evenly" {
	start_processes 2
	peers 40
	local pid n
	for pid in $(children); do
		n=$(connections "$pid")
		echo "$pid: $n"
		((n >= 8))
	done
}

@test "one that is stopped holds up nobody, and has its share later" {
	start_processes 2
	local stopped n
	stopped=$(children | head -n 1)
	n=$(connections "$stopped")
	kill -STOP "$stopped"
	peers 20
	same "$n" "$(connections "$stopped")"
	kill -CONT "$stopped"
	peers 10
	(($(connections "$stopped") > n))
}

@test "all have one budget of streams" {
	ini '[limits]' 'streams = 10'
	start_processes 3
	start_lighttpd_socket
	peers 10
	# Whoever it comes to, the next one is not held.
	local n
	for n in {1..6}; do
		get "$URL/news" -H 'Accept: text/event-stream'
		same 200 "$STATUS"
	done
	# What one has that is killed is free again.
	kill -KILL "$(children | head -n 1)"
	wait_for 20 has_children 3
	sse_begin "$URL/news" "$T/s"
	echo hello >>"$SPOOL/news"
	wait_line "$T/s" hello
}

@test "the parent takes next to no memory" {
	start_processes 2
	local pss
	pss=$(awk '/^Pss:/ { print $2 }' "/proc/$SERVE_PID/smaps_rollup")
	echo "$pss kB"
	# The figures of a program with AddressSanitizer say nothing.
	if [[ $SPOOLCAST == */asan/* ]]; then
		skip "not with AddressSanitizer"
	fi
	((pss < 500))
}

@test "a number that makes no sense is refused" {
	local n
	for n in 0 65 -1 2x '' ' 2'; do
		run -100 "$SPOOLCAST" serve --listen "unix:$T/x.sock" \
			--processes "$n"
		[[ $output == *"--processes $n: give a number from 1 to 64"* ]]
		[[ ! -e $T/x.sock ]]
	done
}
