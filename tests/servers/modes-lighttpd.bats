#!/usr/bin/env bats
# Flush modes behind lighttpd: as it is by default, when it keeps each response
# to itself until that ends, whatever the response says; and as it streams.

# shellcheck disable=SC2153 # the helpers set those
load ../helpers/common
load ../helpers/matrix
load ../helpers/servers
load ../helpers/modes
load ../helpers/readers

setup() { servers_setup; }
teardown() { servers_stop; }

# start_holding [LINE...]: with these lines in the settings of spoolcast.
start_holding()
{
	matrix_ini "$@"
	start_lighttpd_spawned 'server.stream-response-body := 0'
}

start_streaming()
{
	matrix_ini "$@"
	start_lighttpd_spawned
}

# numbers LAST: as texts shows the lines 1 to LAST.
numbers()
{
	seq -s , "$1" | sed 's/[0-9]*/"&"/g'
}

@test "close: a response ends with its first event, the next goes on there" {
	start_holding '[flush]' 'mode = close' 'close_retry = 100ms'
	matrix_both modes_each_at_once
}

@test "nothing but the end of a response gets an event out" {
	start_holding '[flush]' 'client_may_choose = yes' 'pad = 66000'
	local mode held=() n
	for mode in stream batch pad; do
		sse_open "$URL/news?flush=$mode&history=all" "$T/$mode"
		held+=("$VIEWER")
	done
	wait_for 10 viewers_are 3
	for n in {1..10}; do
		BESIDE=3 modes_poll "$URL/news?flush=close" "$T/s" "$n"
		same "\"$n\"" "$(texts "$T/s")"
	done
	for mode in stream batch pad; do
		same 0 "$(wc -c <"$T/$mode")"
	done
	kill "$(responders)"
	for n in "${held[@]}"; do
		sse_end 20 "$n"
	done
	for mode in stream batch pad; do
		same "$(numbers 10)" "$(texts "$T/$mode")"
	done
}

# across [OPTION...]: 500 events, a restart in good order in their midst.
across()
{
	start_holding '[flush]' 'mode = close' 'close_retry = 100ms'
	cp "$WEB/native.html" examples/
	modes_follow 500 "$@"
	write_lines 1 200
	wait_for 60 has_read 100
	local old
	old=$(responders)
	# Lines go on being written while it takes place.
	write_lines 201 400 &
	PIDS+=("$!")
	kill -USR1 "$SERVER_PID"
	wait_for 30 gone "$old"
	wait_for 60 has_read 400
	write_lines 401 500
	read_end
	jq -e '.events == 500 and .opens >= 3' "$T/result"
	runs "$SERVER_PID"
}

@test "close: npm eventsource gets each of 500 events once, across a restart" {
	across
}

@test "close: a browser gets each of 500 events once, across a restart" {
	across --reader chromium
}

# over_empty READER: responses end without an event, one after the other, and a
# line that comes at any time among them is not lost.
over_empty()
{
	start_holding '[flush]' 'mode = close' 'close_retry = 50ms' 'hold = 200ms'
	cp "$WEB/native.html" examples/
	modes_follow 20 --reader "$1"
	local n opens=0 seen=0
	more_opens() { read -r _ opens <"$T/progress" && ((opens > seen + 1)); }
	for n in {1..20}; do
		wait_for 60 more_opens
		seen=$opens
		write_lines "$n" "$n"
	done
	read_end
	jq -e '.events == 20 and .opens > 40' "$T/result"
}

@test "close: Firefox loses nothing among responses without an event" {
	[[ -n ${EVERY:-} ]] || skip 'make check-long has it'
	over_empty firefox
}

@test "close: WebKit loses nothing among responses without an event" {
	over_empty webkit
}

# --- what a record asks for, behind a server that holds back ------------------

# retry_hint FILE: the last one.
retry_hint()
{
	sed -n 's/^retry: //p' "$1" | tail -n 1
}

# record LINE...: written to the channel deploy.
record()
{
	printf '%s\n' "$@" '' >>"$SPOOL/deploy.sse"
}

# closes URL [CURL OPTION...]
closes()
{
	local url=$1 at
	shift
	matrix_next
	modes_open "$url/deploy" "$M" "$@"
	record 'data: one'
	record 'data: two' 'flush: close'
	record 'data: three'
	modes_end
	same '"one","two"' "$(texts "$M")"
	events "$M" --complete >"$M.events"
	(($(retry_hint "$M") <= 150))
	at=$(last_id "$M")
	sse_open "$url/deploy" "$M.more" "$@" -H "Last-Event-ID: $at"
	record 'flush: close'
	modes_end
	same '"three"' "$(texts "$M.more")"
}

@test "a record with flush: close gets all before it to the viewer" {
	: >"$SPOOL/deploy.sse"
	start_holding '[flush]' 'close_retry = 100ms'
	matrix_both closes
}

@test "a record with flush: close does not wait for others of its batch" {
	: >"$SPOOL/deploy.sse"
	start_holding '[flush]' 'mode = batch' 'interval = 1m' \
		'close_retry = 100ms'
	matrix_both closes
}

# holds URL [CURL OPTION...]
holds()
{
	local url=$1 pid
	shift
	matrix_next
	modes_open "$url/deploy" "$M" "$@"
	pid=$VIEWER
	record 'data: one' 'flush: hold'
	# When this has come, that was looked at, too.
	BESIDE=1 modes_poll "$url/news" "$M.beside" "$N" "$@"
	record 'data: two' 'flush: now'
	sse_end 20 "$pid"
	same '"one","two"' "$(texts "$M")"
	wait_for 20 viewers_are 0
}

@test "close: a record with flush: hold ends no response, one with now does" {
	: >"$SPOOL/deploy.sse"
	start_holding '[flush]' 'mode = close'
	matrix_both holds
}

# returns URL [CURL OPTION...]
returns()
{
	local url=$1
	shift
	matrix_next
	modes_open "$url/deploy" "$M" "$@"
	record 'data: one' 'retry: 77000'
	modes_end
	same '"one"' "$(texts "$M")"
	same 77000 "$(retry_hint "$M")"
}

@test "close: a record with retry: says when the viewer comes back" {
	: >"$SPOOL/deploy.sse"
	start_holding '[flush]' 'mode = close'
	matrix_both returns
}

# --- a server that streams ----------------------------------------------------

# batches URL [CURL OPTION...]
batches()
{
	local url=$1 last
	shift
	matrix_next
	: >"$SPOOL/news"
	sse_begin "$url/news" "$M" "$@"
	echo 1 >>"$SPOOL/news"
	wait_line "$M" 1
	for last in {2..500}; do
		echo "$last" >>"$SPOOL/news"
	done
	wait_line "$M" "$last"
	sse_close
	same "$(numbers 500)" "$(texts "$M")"
}

@test "batch: 500 events arrive complete and in order, a lone one at once" {
	start_streaming '[flush]' 'mode = batch'
	matrix_both batches
}

# chunks FILE: of how many a response has come, as curl --raw leaves it.
chunks()
{
	grep -cE $'^[0-9a-f]+\r$' "$1"
}

@test "batch: a viewer gets far fewer chunks than events" {
	: >"$SPOOL/deploy.sse"
	start_streaming '[flush]' 'mode = batch' 'interval = 1m' \
		'client_may_choose = yes'
	sse_begin "$URL/deploy" "$T/s"
	local first=$VIEWER
	sse_begin "$URL/deploy" "$T/raw" --raw
	# Who has each at once, one by one, while the others wait.
	node "$WEB/lockstep.mjs" --url "$URL/deploy?flush=stream" \
		--file "$SPOOL/deploy.sse" --count 500 --max 9 \
		--save "$T/stream" >"$T/result" 3>&-
	grep -q '"type":"message"' <(events "$T/s")
	run has_line "$T/s" 499
	((status == 1))
	record 'data: end' 'flush: now'
	wait_line "$T/s" end
	record 'flush: close'
	sse_end 20
	sse_end 20 "$first"
	same "$(texts "$T/stream"),\"end\"" "$(texts "$T/s")"
	(($(chunks "$T/raw") <= 50)) || {
		echo "$(chunks "$T/raw") chunks" >&2
		return 1
	}
}

@test "auto: what streams is streamed to, and the log says what it takes" {
	start_streaming
	matrix_both matrix_flows
	matrix_both matrix_flows
	same 1 "$(grep -c 'event=flush-mode' "$T/spoolcast.log")"
	grep -q 'mode=stream .*streams_with="server.stream-response-body = 2"' \
		"$T/spoolcast.log"
}
