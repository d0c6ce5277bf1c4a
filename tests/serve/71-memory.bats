#!/usr/bin/env bats
# [limits] memory: what viewers may take who do not read, and what becomes of
# those who come when that is reached.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common

setup()
{
	common_setup
	: >"$SPOOL/news"
}

teardown() { stop_all; }

EVENTSOURCE=(-H 'Accept: text/event-stream')

# deaf KIND COUNT [OPTION...]: so many viewers who never read.  Idle
# ones ask for a channel in which nothing is written.
IDLE=(REQUEST_METHOD=GET REQUEST_URI=/idle HTTP_ACCEPT=text/event-stream)

deaf()
{
	local kind=$1 count=$2
	shift 2
	mkfifo "$T/deaf"
	background "$T/peer.log" "${SPOOLCAST%/*}/helpers/fcgi_peer" \
		"unix:$T/serve.sock" attack "$kind" "$count" --hold "$count" \
		--for 300 --deadline 300 "$@" >"$T/deaf" &
	read -r line <"$T/deaf"
	[[ $line == *"holding $count" ]]
}

# status NAME: kB, of the responder.
status_kb()
{
	awk -v name="$1:" '$1 == name { print $2 }' "/proc/$SERVE_PID/status"
}

# Lines that are all different, about 12 MB.
flood()
{
	seq -f "line %.0f $(printf '%0500d' 0)" 24000 >"$T/lines"
	cat "$T/lines" >>"$SPOOL/news"
}

# The deaf have gone, and the responder knows it.
has_room()
{
	local all=("/proc/$SERVE_PID/fd/"*)
	((${#all[@]} < 50))
}

# What is whole of a stream that was cut, then that of the next.
joined()
{
	awk '/^data: /{ line = substr($0, 7) }
		/^$/{ if (line != "") print line; line = "" }' "$T/slow"
	sed -n 's/^data: //p' "$T/rest"
}

has_joined() { cmp -s <(joined) "$T/lines"; }

@test "over the limit who comes is told to wait, and who is there goes on" {
	ini '[limits]' 'memory = 64K'
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s"
	deaf deaf 500 "${IDLE[@]}"
	get "$URL/news" "${EVENTSOURCE[@]}"
	same 200 "$STATUS"
	grep -q '^: full: \[limits\] memory' "$BODY"
	hint=$(sed -n 's/^retry: //p' "$BODY")
	((hint >= 15000 && hint <= 45000))
	# However many it meets, the log has it once.
	grep 'reason="full: \[limits\] memory" limit=65536 count=1' \
		"$T/serve.log"
	same 1 "$(grep -c 'event=refused' "$T/serve.log")"
	echo more >>"$SPOOL/news"
	wait_line "$T/s" more
}

@test "who takes nothing then is let go, and resumes with every line once" {
	ini '[limits]' 'memory = 64K'
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/slow"
	local slow=$VIEWER
	deaf deaf 500 "${IDLE[@]}"
	kill -STOP "$slow"
	flood
	wait_for 60 grep \
		'event=let-go reason="full: \[limits\] memory" limit=65536' \
		"$T/serve.log"
	kill -CONT "$slow"
	wait_for 60 gone "$slow"
	kill "$(pgrep -f "$T/serve.sock attack")"
	wait_for 30 has_room
	sse_open "$URL/news" "$T/rest" \
		-H "Last-Event-ID: $(last_id "$T/slow")"
	wait_for 60 has_joined
}

@test "viewers who read nothing hold no more memory than that" {
	ini '[limits]' 'memory = 1M' '[stream]' 'history_max = 20000'
	seq -f 'line %.0f' 20000 >>"$SPOOL/news"
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s"
	before=$(status_kb VmRSS)
	# Each is elsewhere, and asks for more than its socket takes.
	deaf deaf-behind 400
	wait_for 60 grep -q 'event=let-go' "$T/serve.log"
	echo more >>"$SPOOL/news"
	wait_line "$T/s" more
	after=$(status_kb VmHWM)
	echo "kB before $before, at most $after"
	# What is freed stays for a while with who looks for mistakes.
	[[ $SPOOLCAST == */asan/* ]] ||
		# Without a limit it is 23 MB.
		((after < before + 8192))
}

@test "while 30 MB go by, 100 who never read cost what is in flight" {
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s"
	deaf deaf 100 REQUEST_METHOD=GET REQUEST_URI=/news \
		HTTP_ACCEPT=text/event-stream
	before=$(status_kb VmRSS)
	# At worst each is blocked in a batch of its own, of 57 kB.
	seq -f "line %.0f $(printf '%0500d' 0)" 60000 >>"$SPOOL/news"
	echo last >>"$SPOOL/news"
	wait_for 120 has_line "$T/s" last
	after=$(status_kb VmHWM)
	echo "kB before $before, at most $after"
	[[ $SPOOLCAST == */asan/* ]] || ((after < before + 8192))
}
