#!/usr/bin/env bats
# Named pipes: every line that is written to one is an event.

load ../helpers/common
load ../helpers/pipes

setup() { common_setup; }
teardown() { stop_all; }

serve()
{
	start_serve
	start_lighttpd_socket
}

@test "echo into a pipe is an event, and without a viewer nobody waits" {
	mkfifo "$SPOOL/alerts.fifo"
	serve
	say early
	wait_for 10 journal_has 1
	sse_begin "$URL/alerts" "$T/s"
	say hello
	wait_line "$T/s" hello
	printf 'two\nthree\r\n\n' >"$SPOOL/alerts.fifo"
	wait_line "$T/s" three
	same '"hello","two","three"' "$(texts "$T/s")"
	sse_begin "$URL/alerts?history=all" "$T/all"
	wait_line "$T/all" three
	same '"early","hello","two","three"' "$(texts "$T/all")"
}

@test "a pipe that is made later is found, with a viewer and without" {
	serve
	mkfifo "$SPOOL/alerts.fifo"
	say one
	wait_for 10 journal_has 1
	sse_begin "$URL/later" "$T/s"
	mkfifo "$SPOOL/later.fifo"
	say two later.fifo
	wait_line "$T/s" two
}

@test "a large file, and ten writers at once: every line whole" {
	mkfifo "$SPOOL/alerts.fifo"
	serve
	local n=20000 i writers=()
	seq -f 'line %g of a file that is larger than what a pipe holds' \
		"$n" >"$T/big"
	sse_begin "$URL/alerts" "$T/s"
	timeout 60 cat "$T/big" >"$SPOOL/alerts.fifo"
	wait_for 60 has_line "$T/s" "$(tail -n 1 "$T/big")"
	same "$(sed 's/^/data: /' "$T/big" | md5sum)" \
		"$(grep '^data: ' "$T/s" | md5sum)"

	# One write each, below PIPE_BUF (4096 bytes).
	for i in {0..9}; do
		for _ in {1..200}; do
			printf "%0$((100 * i + 50))d\\n" "$i"
		done >"$SPOOL/alerts.fifo" &
		writers+=($!)
	done
	wait "${writers[@]}"
	wait_for 60 journal_has $((n + 2000))
	tail -n 2000 "$SPOOL/$JOURNAL" |
		awk '{ print length($0), $0 + 0 }' | sort -n | uniq -c |
		awk '{ print $1, $2, $3 }' >"$T/counts"
	for i in {0..9}; do
		echo "200 $((100 * i + 50)) $i"
	done >"$T/want"
	same "$(<"$T/want")" "$(<"$T/counts")"
}

# one_line COUNT LETTER: one line of so many bytes, in one write.
one_line()
{
	printf "%0$1d\\n" 0 | tr 0 "$2"
}

@test "writes over PIPE_BUF from two tear each other, and nobody else" {
	ini 'max_record = 1M'
	mkfifo "$SPOOL/alerts.fifo"
	serve
	sse_begin "$URL/alerts" "$T/s"
	# Nobody takes anything until the pipe is full and both wait.
	kill -STOP "$SERVE_PID"
	local a b
	one_line 100000 a >"$SPOOL/alerts.fifo" &
	a=$!
	one_line 100000 b >"$SPOOL/alerts.fifo" &
	b=$!
	kill -CONT "$SERVE_PID"
	wait "$a" "$b"
	say third
	wait_line "$T/s" third
	same 3 "$(grep -c '^data: ' "$T/s")"
	same 100000 "$(tr -dc a <"$SPOOL/$JOURNAL" | wc -c)"
	same 100000 "$(tr -dc b <"$SPOOL/$JOURNAL" | wc -c)"
}

@test "the taker is killed while somebody writes: nothing lost, nothing twice" {
	mkfifo "$SPOOL/alerts.fifo"
	start_serve
	local round i count=3000 writer taker=$SERVE_PID
	for round in 1 2 3; do
		start_second
		# The writer goes on whoever takes, and must not hear of it.
		(
			trap - PIPE
			exec 7>"$SPOOL/alerts.fifo"
			for ((i = 1; i <= count; i++)); do
				echo "$round.$i" >&7 || exit 1
			done
		) &
		writer=$!
		wait_for 20 journal_has $(((round - 1) * count + count / 10))
		kill -KILL "$taker"
		wait "$writer"
		wait_for 20 journal_has $((round * count))
		grep -q event=took-over "$T/second.log"
		: >"$T/second.log"
		taker=$SECOND_PID
		rm "$T/second.sock"
	done
	for round in 1 2 3; do
		seq -f "$round.%g" "$count"
	done >"$T/want"
	cmp "$T/want" "$SPOOL/$JOURNAL"
}

@test "a pipe that is removed is read to its end, and the next one followed" {
	mkfifo "$SPOOL/alerts.fifo"
	serve
	sse_begin "$URL/alerts" "$T/s"
	exec 7>"$SPOOL/alerts.fifo"
	echo one >&7
	rm "$SPOOL/alerts.fifo"
	echo two >&7
	wait_line "$T/s" two
	mkfifo "$SPOOL/alerts.fifo"
	say three
	wait_line "$T/s" three
	echo four >&7
	wait_line "$T/s" four
	# Once its last writer has gone, so has the pipe without a name.
	exec 7>&-
	wait_for 10 has_pipes 1
	same '"one","two","three","four"' "$(texts "$T/s")"
}

@test "what a pipe that was removed has left is there to resume in" {
	mkfifo "$SPOOL/alerts.fifo"
	serve
	sse_begin "$URL/alerts" "$T/s1"
	say one
	wait_line "$T/s1" one
	say two
	rm "$SPOOL/alerts.fifo"
	wait_line "$T/s1" two
	sse_close
	sse_begin "$URL/alerts?history=1" "$T/s2"
	wait_line "$T/s2" two
	same '"two"' "$(texts "$T/s2")"
}

@test "a pipe that gets another name is another channel" {
	mkfifo "$SPOOL/alerts.fifo"
	serve
	exec 7>"$SPOOL/alerts.fifo"
	echo one >&7
	wait_for 10 journal_has 1
	mv "$SPOOL/alerts.fifo" "$SPOOL/alarms.fifo"
	sse_begin "$URL/alarms" "$T/s"
	wait_for 10 has_pipes 1
	echo two >&7
	exec 7>&-
	wait_line "$T/s" two
	same one "$(<"$SPOOL/$JOURNAL")"
}

@test "what was journalled is there after a restart, from where one was" {
	mkfifo "$SPOOL/alerts.fifo"
	serve
	sse_begin "$URL/alerts" "$T/s1"
	say one
	wait_line "$T/s1" one
	sse_close
	seq 2 50 >"$SPOOL/alerts.fifo"
	kill "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
	# With no responder at all it is the writer who waits.
	echo 51 >"$SPOOL/alerts.fifo" &
	start_serve
	sse_begin "$URL/alerts" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s1")" \
		--retry 20 --retry-delay 1
	wait_line "$T/s2" 51
	same "$(seq -s , -f '"%g"' 2 51)" "$(texts "$T/s2")"
}

@test "a line that is torn where the journal is rotated goes on where it began" {
	mkfifo "$SPOOL/alerts.fifo"
	start_serve
	exec 7>"$SPOOL/alerts.fifo"
	printf 'one\ntw' >&7
	wait_for 10 grep -qs tw "$SPOOL/$JOURNAL"
	mv "$SPOOL/$JOURNAL" "$SPOOL/$JOURNAL.1"
	printf 'o' >&7
	wait_for 10 grep -qx two "$SPOOL/$JOURNAL.1"
	printf '\nthree\n' >&7
	wait_for 10 grep -qsx three "$SPOOL/$JOURNAL"
	same $'one\ntwo' "$(<"$SPOOL/$JOURNAL.1")"
	same three "$(<"$SPOOL/$JOURNAL")"
}

# journal_ends TEXT: the newest segment does, or the one before.
journal_ends()
{
	[[ $(tail -n 1 "$SPOOL/$JOURNAL") == "$1" ||
		$(tail -n 1 "$SPOOL/$JOURNAL.1" 2>/dev/null) == "$1" ]]
}

@test "the journal is rotated within lines: none is missing, none comes twice" {
	ini 'keep = 100'
	mkfifo "$SPOOL/alerts.fifo"
	serve
	sse_begin "$URL/alerts" "$T/s1"
	say first
	wait_line "$T/s1" first
	local i from
	from=$(last_id "$T/s1")
	exec 7>"$SPOOL/alerts.fifo"
	for i in {1..20}; do
		printf 'line %s ' "$i" >&7
		wait_for 10 journal_ends "line $i "
		"$SPOOLCAST" rotate alerts
		echo 'its end' >&7
	done
	wait_line "$T/s1" 'line 20 its end'
	[[ -e $SPOOL/$JOURNAL.20 ]]
	sse_begin "$URL/alerts" "$T/s2" -H "Last-Event-ID: $from"
	wait_line "$T/s2" 'line 20 its end'
	same "\"first\",$(seq -s , -f '"line %g its end"' 20)" \
		"$(texts "$T/s1")"
	same "$(seq -s , -f '"line %g its end"' 20)" "$(texts "$T/s2")"
}

@test "a file system without splice: every line, once" {
	mkfifo "$SPOOL/alerts.fifo"
	# A leak check cannot look into a process that is being traced.
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	start_serve strace -f -qq -o "$T/trace" -e trace=splice \
		-e inject=splice:error=EINVAL
	seq 30000 >"$SPOOL/alerts.fifo"
	wait_for 30 journal_has 30000
	seq 30000 | cmp - "$SPOOL/$JOURNAL"
	# Tried once, and never again.
	same 1 "$(grep -c 'splice(.*INJECTED' "$T/trace")"
	pkill -TERM -P "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
}
