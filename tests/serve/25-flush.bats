#!/usr/bin/env bats
# Flush modes: when what a viewer gets is written, and when the response ends.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common

setup() { common_setup; }

teardown()
{
	# strace takes no signal while it has somebody to trace.
	[[ -z ${SERVE_PID:-} ]] || pkill -TERM -P "$SERVE_PID" || true
	stop_all
}

EVENTSOURCE=(-H 'Accept: text/event-stream')

# retry_hints FILE: the values of its retry fields, the first one not counted.
retry_hints()
{
	sed -n 's/^retry: //p' "$1" | tail -n +2
}

# between LOW HIGH NUMBER
between()
{
	(($1 <= $3 && $3 <= $2)) || {
		echo "$3 is not from $1 to $2" >&2
		return 1
	}
}

# writes: how often the responder wrote to the viewer, by what strace saw.
writes()
{
	grep -cE '(sendto|write)\([0-9]+, .*data: ' "$T/strace" || true
}

start_traced()
{
	# A leak check cannot look into a process that is being traced.
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	start_serve strace -f -s 400 -e 'trace=sendto,sendmsg,write' -o "$T/strace"
	start_lighttpd_socket
}

@test "close: the response ends behind the first events, with a hint" {
	ini '[flush]' 'mode = close' 'close_retry = 200ms'
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	seq 1 2 >>"$SPOOL/news"
	sse_end 20
	same '"1","2"' "$(texts "$T/s")"
	between 100 300 "$(retry_hints "$T/s")"
	events "$T/s" --complete >/dev/null
}

@test "close: whoever is behind gets all there is in one response" {
	ini '[flush]' 'mode = close' '[stream]' 'history_max = 100000'
	seq 1 20000 >"$SPOOL/news"
	start_lighttpd
	get "$URL/news?history=all" "${EVENTSOURCE[@]}"
	same 200 "$STATUS"
	same 20000 "$(grep -c '^data: ' "$BODY")"
}

@test "close: without events it is held, and the hint stays short" {
	ini '[flush]' 'mode = close' 'hold = 500ms' 'close_retry = 200ms'
	: >"$SPOOL/news"
	start_lighttpd
	get "$URL/news" "${EVENTSOURCE[@]}"
	same 200 "$STATUS"
	same 0 "$(grep -c '^data: ' "$BODY")"
	between 100 300 "$(retry_hints "$BODY")"
}

@test "close: who is not held is never asked to come back at once" {
	ini '[flush]' 'mode = close' 'hold = 0' 'poll_retry = 2s'
	echo one >"$SPOOL/news"
	start_lighttpd
	local hint
	for _ in {1..20}; do
		get "$URL/news" "${EVENTSOURCE[@]}"
		hint=$(retry_hints "$BODY")
		between 2000 3200 "$hint"
	done
	get "$URL/news?history=1" "${EVENTSOURCE[@]}"
	same 1 "$(grep -c '^data: one' "$BODY")"
	between 100 900 "$(retry_hints "$BODY")"
}

@test "close: polls of one viewer have every event once, whoever writes" {
	ini '[flush]' 'mode = close' 'hold = 1s' 'close_retry = 1ms'
	: >"$SPOOL/news"
	start_lighttpd
	count() { for i in {1..2000}; do echo "$i" >>"$SPOOL/news"; done; }
	background "$T/count.err" count
	local at='' n=0
	: >"$T/all"
	while ! grep -qx 'data: 2000' "$T/all"; do
		get "$URL/news?history=all&lastEventId=$at" \
			"${EVENTSOURCE[@]}"
		at=$(last_id "$BODY")
		cat "$BODY" >>"$T/all"
		((++n < 2100))
	done
	same "$(seq 1 2000 | md5sum)" \
		"$(sed -n 's/^data: //p' "$T/all" | md5sum)"
}

@test "close: who does not read keeps no change from others" {
	ini '[flush]' 'mode = close' 'hold = 0' '[stream]' \
		'history_max = 1000000'
	seq 1 1000000 >"$SPOOL/news"
	start_lighttpd
	exec {slow}<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'GET /events/news?history=all HTTP/1.1\r\nHost: x\r\n\r\n' >&"$slow"
	get "$URL/news" "${EVENTSOURCE[@]}"
	local at
	at=$(last_id "$BODY")
	echo last >>"$SPOOL/news"
	mv "$SPOOL/news" "$SPOOL/news.1"
	echo first >"$SPOOL/news"
	get "$URL/news?lastEventId=$at" "${EVENTSOURCE[@]}"
	grep -qx 'data: first' "$BODY"
	at=$(last_id "$BODY")
	: >"$SPOOL/news.end"
	get "$URL/news?lastEventId=$at" "${EVENTSOURCE[@]}"
	same 204 "$STATUS"
	exec {slow}>&-
}

@test "close: a few who come all the time send nobody away for long" {
	ini '[flush]' 'mode = close' 'close_retry = 100ms' \
		'[stream]' 'reconnect_rate = 10'
	echo one >"$SPOOL/news"
	start_lighttpd
	for _ in {1..100}; do
		get "$URL/news?history=1" "${EVENTSOURCE[@]}"
	done
	between 50 400 "$(retry_hints "$BODY")"
}

@test "pad: a comment follows each write, but is in no first one" {
	ini '[flush]' 'mode = pad' 'pad = 5000' '[stream]' 'heartbeat = 500ms'
	: >"$SPOOL/news"
	start_traced
	sse_begin "$URL/news" "$T/s"
	# Not grep: for {4900,} it takes seconds.
	padded()
	{
		awk -v want="$1" '/^: *$/ && length > 4900 { n++ }
			END { exit n < want }' "$T/s"
	}
	wait_for 10 padded 1
	echo one >>"$SPOOL/news"
	wait_line "$T/s" one
	wait_for 10 padded 2
	# A heartbeat, too, has to get through.
	wait_for 10 padded 4
	sse_close
	same '"one"' "$(texts "$T/s")"
	run grep -E 'Status: 200.*:  {300,}' "$T/strace"
	((status == 1))
	# The event and what pushes it out are one write.
	grep -qE 'sendmsg\(.*data: one.*= 5[0-9]{3}$' "$T/strace"
}

@test "pad: each channel has the size of its own" {
	ini '[flush]' 'mode = pad' '[channel small]' 'pad = 500' \
		'[channel large]' 'pad = 3000'
	: >"$SPOOL/small"
	: >"$SPOOL/large"
	start_lighttpd
	sse_begin "$URL/small" "$T/small"
	sse_begin "$URL/large" "$T/large"
	longest() { awk '{ if (length > n) n = length } END { print n }' "$1"; }
	for name in small large small; do
		echo hello >>"$SPOOL/$name"
		wait_line "$T/$name" hello
	done
	wait_line "$T/small" hello 2
	wait_for 10 grep -q ' \{2900\}' "$T/large"
	same '499 2999' "$(longest "$T/small") $(longest "$T/large")"
}

@test "batch: what comes quickly is written together, alone it is not held" {
	ini '[flush]' 'mode = batch' 'interval = 1s'
	: >"$SPOOL/news"
	start_traced
	sse_begin "$URL/news" "$T/s"
	echo alone >>"$SPOOL/news"
	wait_line "$T/s" alone
	for n in {1..50}; do
		echo "$n" >>"$SPOOL/news"
	done
	wait_line "$T/s" 50
	sse_close
	same "\"alone\",$(seq -s , 1 50 | sed 's/[0-9]*/"&"/g')" \
		"$(texts "$T/s")"
	# Every line woke the responder; it may have been slow to begin with.
	(($(writes) <= 6))
}

@test "batch: nobody waits for those who stand elsewhere" {
	ini '[flush]' 'mode = batch' 'interval = 2s'
	: >"$SPOOL/news"
	start_lighttpd
	local n
	for n in {1..30}; do
		sse_begin "$URL/news" "$T/s$n"
		echo "before $n" >>"$SPOOL/news"
	done
	# shellcheck disable=SC2317
	tick() { while echo tick >>"$SPOOL/news"; do sleep 0.05; done; }
	background "$T/tick.err" tick
	for n in {1..30}; do
		wait_line "$T/s$n" tick
	done
	echo last >>"$SPOOL/news"
	for n in {1..30}; do
		wait_for 20 has_line "$T/s$n" last
	done
}

@test "batch: as much as bytes says is not held, and no record that says now" {
	ini '[flush]' 'mode = batch' 'interval = 60s' 'bytes = 1K'
	: >"$SPOOL/news"
	: >"$SPOOL/deploy.sse"
	start_lighttpd
	sse_begin "$URL/news" "$T/s1"
	sse_begin "$URL/deploy" "$T/s2"
	echo first >>"$SPOOL/news"
	wait_line "$T/s1" first
	echo second >>"$SPOOL/news"
	printf '%01100d\n' 3 >>"$SPOOL/news"
	wait_line "$T/s1" second
	printf 'data: first\n\n' >>"$SPOOL/deploy.sse"
	wait_line "$T/s2" first
	printf 'data: second\n\n' >>"$SPOOL/deploy.sse"
	printf 'data: third\nflush: now\n\n' >>"$SPOOL/deploy.sse"
	wait_line "$T/s2" third
	same '"first","second","third"' "$(texts "$T/s2")"
}

@test "a record may wait for the next, at most until a heartbeat" {
	ini '[stream]' 'heartbeat = 2s'
	: >"$SPOOL/deploy.sse"
	start_traced
	sse_begin "$URL/deploy" "$T/s"
	printf 'data: one\nflush: hold\n\n' >>"$SPOOL/deploy.sse"
	printf 'data: two\n\n' >>"$SPOOL/deploy.sse"
	wait_line "$T/s" two
	same 1 "$(writes)"
	printf 'data: three\nflush: hold\n\n' >>"$SPOOL/deploy.sse"
	wait_line "$T/s" three
	# For who comes later it is history like any other.
	sse_open "$URL/deploy?history=1" "$T/s2"
	wait_line "$T/s2" three
	same '"one","two","three"' "$(texts "$T/s")"
}

@test "a record that may wait reaches everybody with a heartbeat" {
	ini '[stream]' 'heartbeat = 1s'
	: >"$SPOOL/deploy.sse"
	start_lighttpd
	local n
	for n in {1..5}; do
		sse_begin "$URL/deploy" "$T/s$n"
	done
	printf 'data: held\nflush: hold\n\n' >>"$SPOOL/deploy.sse"
	for n in {1..5}; do
		wait_line "$T/s$n" held
	done
	# Another channel of the stream that is never silent changes nothing.
	: >"$SPOOL/news"
	sse_begin "$URL/deploy,news" "$T/both"
	tick() { while echo tick >>"$SPOOL/news"; do sleep 0.1; done; }
	background "$T/tick.err" tick
	wait_line "$T/both" tick 3
	printf 'data: too\nflush: hold\n\n' >>"$SPOOL/deploy.sse"
	wait_line "$T/both" too
	sse_close
	same 1 "$(grep -cx 'data: too' "$T/both")"
}

@test "a record may end the response, and say when to come back" {
	ini '[flush]' 'close_retry = 100ms'
	: >"$SPOOL/deploy.sse"
	start_lighttpd
	sse_begin "$URL/deploy" "$T/s1"
	printf 'data: one\nflush: close\n\ndata: two\n\n' >>"$SPOOL/deploy.sse"
	sse_end 20
	same '"one"' "$(texts "$T/s1")"
	between 50 150 "$(retry_hints "$T/s1")"
	sse_begin "$URL/deploy?lastEventId=$(last_id "$T/s1")" "$T/s2"
	wait_line "$T/s2" two
	printf 'retry: 77000\nflush: close\n\n' >>"$SPOOL/deploy.sse"
	sse_end 20
	same '"two"' "$(texts "$T/s2")"
	same 77000 "$(retry_hints "$T/s2" | tail -n 1)"
}

@test "a record ends the response whatever the id of the request" {
	printf 'data: one\nretry: 7777\nflush: close\n\ndata: two\n\n' \
		>"$SPOOL/deploy.sse"
	start_serve
	timeout 20 "${SPOOLCAST%/*}/helpers/fcgi_peer" "unix:$T/serve.sock" \
		get --id 513 REQUEST_METHOD=GET \
		'REQUEST_URI=/deploy?history=9' >"$T/s"
	same 'data: one' "$(grep '^data: ' "$T/s")"
	same 7777 "$(retry_hints "$T/s" | tail -n 1)"
}

@test "a client chooses its mode where it may" {
	ini '[flush]' 'mode = close' '[channel open]' 'client_may_choose = yes'
	echo one >"$SPOOL/news"
	echo one >"$SPOOL/open"
	start_lighttpd
	get "$URL/news?history=1&flush=stream" "${EVENTSOURCE[@]}"
	same 1 "$(grep -c '^data: one' "$BODY")"
	sse_open "$URL/open?history=1&flush=stream" "$T/s"
	wait_line "$T/s" one
	echo two >>"$SPOOL/open"
	wait_line "$T/s" two
	get "$URL/open?flush=fast"
	same 400 "$STATUS"
	grep -q 'bad flush "fast": stream, batch, pad or close' "$BODY"
}

@test "modes differ by channel, and a pattern has those of its section" {
	ini '[channel slow-*]' 'mode = close' 'hold = 300ms'
	: >"$SPOOL/news"
	start_lighttpd
	get "$URL/slow-*" "${EVENTSOURCE[@]}"
	same 200 "$STATUS"
	get "$URL/slow-1,news" "${EVENTSOURCE[@]}"
	same 200 "$STATUS"
	sse_begin "$URL/news,slow-1" "$T/s"
	echo one >"$SPOOL/slow-1"
	wait_line "$T/s" one
	echo two >"$SPOOL/news"
	wait_line "$T/s" two
}

@test "the log says once which mode was chosen and what would stream" {
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s1"
	sse_begin "$URL/news" "$T/s2"
	same 1 "$(grep -c 'event=flush-mode' "$T/spoolcast.log")"
	grep -q 'mode=stream.*streams_with="server.stream-response-body = 2"' \
		"$T/spoolcast.log"
}

@test "Incremental is not asked for where it is not known to help" {
	: >"$SPOOL/news"
	start_lighttpd
	get "$URL/news" --head
	same '' "$(header Incremental)"
}

@test "Incremental is asked for where that is configured" {
	: >"$SPOOL/news"
	ini '[flush]' 'incremental = yes'
	start_lighttpd
	get "$URL/news" --head
	same '?1' "$(header Incremental)"
}
