#!/usr/bin/env bats
# Descriptors and memory that the system limits: who is there goes on, who
# comes waits or is told to, and the process neither spins nor ends.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common

setup()
{
	common_setup
	: >"$SPOOL/news"
}

teardown()
{
	# strace takes no signal while it has somebody to trace.
	pkill -P "$SERVE_PID" || true
	stop_all
}

# hold KIND COUNT [OPTION...]: so many connections; PEER has them.
hold()
{
	local kind=$1 count=$2
	shift 2
	mkfifo "$T/hold"
	"${SPOOLCAST%/*}/helpers/fcgi_peer" "unix:$T/serve.sock" attack \
		"$kind" "$count" --hold "$count" --for 300 --deadline 300 \
		"$@" >"$T/hold" 2>>"$T/peer.log" 3>&- &
	PEER=$!
	PIDS+=("$PEER")
	read -r line <"$T/hold"
	[[ $line == *"holding $count" ]]
}

let_go()
{
	kill "$PEER"
	wait_for 10 gone "$PEER"
}

has_beats()
{
	(($(grep -c '^:' "$T/s") >= $1))
}

# has_taken KB: of address space, at some time.
has_taken()
{
	(($(awk '/^VmPeak/ { print $2 }' "/proc/$SERVE_PID/status") >= $1))
}

# answers: who comes now is served.
answers()
{
	STATUS=$(curl -sSI --max-time 5 -o "$T/head" -w '%{http_code}' \
		-H 'Accept: text/event-stream' "$URL/news")
	[[ $STATUS == 200 ]] && grep -qi '^last-event-id' "$T/head"
}

@test "beyond the limit of descriptors connections wait, and nothing spins" {
	ini '[stream]' 'heartbeat = 1s'
	start_serve strace -f -o "$T/strace" \
		-e 'trace=accept4,epoll_wait,epoll_pwait' \
		bash -c 'ulimit -n 128; exec "$@"' -
	start_lighttpd_socket
	sse_begin "$URL/new*,news" "$T/s"
	hold silent 500
	wait_for 30 grep -q 'event=accept-paused.*ulimit -n' "$T/serve.log"
	before=$(wc -l <"$T/strace")
	beats=$(grep -c '^:' "$T/s" || true)
	wait_for 60 has_beats $((beats + 2))
	after=$(wc -l <"$T/strace")
	echo "calls meanwhile: $((after - before))"
	# A look a second, and a few for each heartbeat.
	((after - before < 200))
	same 1 "$(grep -c 'event=accept-paused' "$T/serve.log")"
	# Files can be opened, and streams go on.
	echo one >"$SPOOL/newer"
	wait_line "$T/s" one
	echo two >>"$SPOOL/news"
	wait_line "$T/s" two
	let_go
	wait_for 60 answers
}

@test "each of 110 viewers is let in or told which limit it met" {
	start_serve bash -c 'ulimit -n 128; exec "$@"' -
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s"
	hold deaf 110 REQUEST_METHOD=GET REQUEST_URI=/news \
		HTTP_ACCEPT=text/event-stream
	full()
	{
		get "$URL/news" -s --max-time 2 \
			-H 'Accept: text/event-stream' &&
			grep -q '^: full: the limit of open files' "$BODY"
	}
	wait_for 60 full
	grep 'event=refused reason="full: the limit of open files (ulimit -n)"' \
		"$T/serve.log"
	same 1 "$(grep -c 'event=refused' "$T/serve.log")"
	echo more >>"$SPOOL/news"
	wait_line "$T/s" more
	let_go
	wait_for 60 answers
}

@test "out of memory the process goes on, and serves when there is some" {
	[[ $SPOOLCAST != */asan/* ]] || skip "ASan needs all address space"
	ini '[limits]' 'memory = 0' '[stream]' 'history_max = 20000'
	seq -f 'line %.0f' 20000 >>"$SPOOL/news"
	# It has 3 MB itself; without a limit these take 23 MB.
	start_serve bash -c 'ulimit -v 9000; exec "$@"' -
	start_lighttpd_socket
	hold deaf-behind 400
	wait_for 60 has_taken 8500
	# Clean answers, whatever they say.
	get "$URL/news" -I
	[[ $STATUS == [25]0[03] ]]
	let_go
	wait_for 60 answers
	sse_begin "$URL/news" "$T/s"
	echo more >>"$SPOOL/news"
	wait_line "$T/s" more
}

@test "an event that there is no memory for waits, and the log says so" {
	local kb
	[[ $SPOOLCAST != */asan/* ]] || skip "ASan needs all address space"
	ini '[spool]' 'max_record = 16M' '[limits]' 'memory = 0'
	is_told()
	{
		has_line "$T/s" after ||
			grep 'event=out-of-memory' "$T/serve.log" |
			grep -q 'remedy=.*ulimit -v.*max_record'
	}
	start_lighttpd_socket
	# From what cannot read it to what can send it, each step of the way.
	for kb in 20000 32000 36000 44000 56000 100000; do
		: >"$T/serve.log"
		start_serve bash -c "ulimit -v $kb; exec \"\$@\"" -
		sse_begin "$URL/news" "$T/s"
		{
			head -c 10000000 /dev/zero | tr '\0' x
			printf '\nafter\n'
		} >>"$SPOOL/news"
		wait_for 60 is_told
		kill "$SERVE_PID"
		sse_end 10
		wait_for 10 gone "$SERVE_PID"
		rm "$SPOOL/news" "$T/s"
	done
}
