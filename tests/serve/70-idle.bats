#!/usr/bin/env bats
# A stream on which nothing happens costs heartbeats and nothing else.

load ../helpers/common

setup()
{
	common_setup
	# A leak check cannot look into a process that is being traced.
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
}

teardown() { stop_all; }

beats()
{
	(($(grep -c '^:' "$T/s") >= $1))
}

@test "a quiet minute is four heartbeats, four writes and the waits between" {
	: >"$SPOOL/news"
	start_serve strace -f -qq -o "$T/trace"
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s"
	wait_for 150 beats 1
	local from allowed writes waits
	from=$(wc -l <"$T/trace")
	wait_for 600 beats 5
	tail -n +"$((from + 1))" "$T/trace" >"$T/quiet"
	sed -E 's/^[0-9]+ +(<\.\.\. )?([a-z_0-9]+).*/\2/' "$T/quiet" |
		sort | uniq -c | awk '{ print $2, $1 }' >"$T/counts"
	cat "$T/counts"
	allowed='epoll_p?wait2?|restart_syscall|send|sendto|sendmsg|write|writev'
	same '' "$(grep -vE "^($allowed) " "$T/counts")"
	writes=$(awk '/^(send|write)/ { n += $2 } END { print n + 0 }' \
		"$T/counts")
	waits=$(awk '/^(epoll|restart)/ { n += $2 } END { print n + 0 }' \
		"$T/counts")
	# Where the trace was cut, the first beat may still be in it.
	((writes >= 4 && writes <= 5))
	((waits <= 2 * writes + 2))
	pkill -TERM -P "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
}

# has_lines COUNT PATTERN: they have come to the viewers.
has_lines()
{
	(($(grep -c "$2" "$T/s") >= $1))
}

@test "heartbeats of viewers who got an event at once come one by one" {
	local most
	: >"$SPOOL/news"
	ini '[stream]' 'heartbeat = 4s'
	start_serve strace -f -qq -o "$T/trace"
	start_lighttpd_socket
	# One client, many viewers.
	: >"$T/s"
	background "$T/curl.err" curl -sSNZ --no-progress-meter \
		--parallel-immediate --parallel-max 48 \
		"$URL/news?viewer=[1-48]" >>"$T/s"
	wait_for 50 has_lines 48 '^id: '
	echo all >>"$SPOOL/news"
	wait_for 50 has_lines 48 '^data: all$'
	wait_for 80 has_lines "$((48 + $(grep -c '^:' "$T/s")))" '^:'
	pkill -TERM -P "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
	# How many were sent between two waits.
	most=$(awk '/ epoll_/ { n = 0 }
		/ send.*[^a-z]:\\n"/ { if (++n > most) most = n }
		END { print most + 0 }' "$T/trace")
	echo "at once: $most"
	((most > 0 && most < 24))
}

@test "an event is read once, sent once, and looked for no further" {
	local n from
	: >"$SPOOL/news"
	start_serve strace -f -qq -o "$T/trace"
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s"
	echo 0 >>"$SPOOL/news"
	wait_line "$T/s" 0
	from=$(wc -l <"$T/trace")
	for n in {1..10}; do
		echo "$n" >>"$SPOOL/news"
		wait_line "$T/s" "$n"
	done
	tail -n +"$((from + 1))" "$T/trace" >"$T/events"
	cat "$T/events"
	(($(grep -c ' send' "$T/events") == 10))
	(($(grep -c ' pread' "$T/events") <= 10))
	# Nobody asks whether there is more to do while there is not.
	(($(grep -cE ' epoll_p?wait2?\(.*, 0(, NULL, [0-9]+)?\) *=' \
		"$T/events") == 0))
	pkill -TERM -P "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
}
