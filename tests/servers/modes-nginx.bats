#!/usr/bin/env bats
# Flush modes behind an nginx that holds back all but whole buffers, as it does
# where X-Accel-Buffering is not heeded; and behind one that streams.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common
load ../helpers/matrix
load ../helpers/servers
load ../helpers/modes

setup() { servers_setup; }
teardown() { servers_stop; }

IGNORE='fastcgi_ignore_headers X-Accel-Buffering;'

# start_holding [LINE...]: with these lines in the settings of spoolcast.
start_holding()
{
	matrix_ini "$@"
	start_nginx "$IGNORE"
}

start_padding()
{
	start_holding '[flush]' 'mode = pad' "$@"
}

@test "pad: a stream opens before any event" {
	start_padding
	matrix_both matrix_opens
}

@test "pad: events of all sizes arrive before the next is written" {
	start_padding
	matrix_both modes_lockstep
}

@test "pad: each heartbeat arrives" {
	HEARTBEAT=300ms start_padding
	matrix_both modes_beats
}

@test "pad: TLS without HTTP/2 has a buffer more, of ssl_buffer_size" {
	start_padding
	EVENTS=2 modes_held "$URL_TLS" -k --http1.1
}

@test "pad: with both buffers filled up, HTTP/1.1 by TLS flows, too" {
	start_padding 'pad = 20500'
	modes_three modes_lockstep
}

@test "pad: a smaller ssl_buffer_size takes less" {
	matrix_ini '[flush]' 'mode = pad' 'pad = 8200'
	start_nginx "$IGNORE" 'ssl_buffer_size 4k;'
	modes_three modes_lockstep
}

@test "close: a response ends with its first event, the next goes on there" {
	start_holding '[flush]' 'mode = close'
	matrix_both modes_each_at_once
}

@test "what is compressed is held back with pad, not with close" {
	matrix_ini '[flush]' 'mode = pad' 'pad = 20500' 'identity = no' \
		'[channel deploy]' 'mode = close'
	: >"$SPOOL/deploy"
	start_nginx "$IGNORE" 'gzip on;' 'gzip_types *;' 'gzip_min_length 0;'
	modes_held "$URL" --http1.1 --compressed
	echo one >>"$SPOOL/deploy"
	get "$URL/deploy?history=1" --compressed
	same gzip "$(header Content-Encoding)"
	same '"one"' "$(texts "$BODY")"
}

@test "what says that it is as it is, is not compressed, and flows with pad" {
	matrix_ini '[flush]' 'mode = pad' 'pad = 20500'
	start_nginx "$IGNORE" 'gzip on;' 'gzip_types *;' 'gzip_min_length 0;'
	matrix_flows "$URL" --http1.1 --compressed
}

# --- an nginx that streams ----------------------------------------------------

# differs URL [CURL OPTION...]
differs()
{
	local url=$1
	shift
	matrix_flows "$url" "$@"
	wait_for 20 viewers_are 0
	modes_open "$url/deploy" "$M.closed" "$@"
	echo "$N" >>"$SPOOL/deploy"
	modes_end
	same "\"$N\"" "$(texts "$M.closed")"
}

@test "channels differ: one streams, the responses of another end" {
	matrix_ini '[channel deploy]' 'mode = close'
	: >"$SPOOL/deploy"
	start_nginx
	matrix_both differs
}

# chooses URL [CURL OPTION...]: close, where stream is what is configured.
chooses()
{
	local url=$1 n
	shift
	matrix_flows "$url" "$@"
	wait_for 20 viewers_are 0
	modes_poll "$url/news?flush=close" "$M.closed" "$N: 21" "$@"
	same "\"$N: 21\"" "$(texts "$M.closed")"
	# Where it may not, nothing comes of it.
	sse_begin "$url/deploy?flush=close" "$M.stays" "$@"
	for n in {1..3}; do
		echo "$N: $n" >>"$SPOOL/deploy"
		wait_line "$M.stays" "$N: $n"
	done
	sse_close
	wait_for 20 viewers_are 0
}

@test "a client chooses, where client_may_choose says so" {
	matrix_ini '[channel news]' 'client_may_choose = yes'
	: >"$SPOOL/deploy"
	start_nginx
	matrix_both chooses
	get "$URL/news?flush=often"
	same 400 "$STATUS"
	refused often
}
