#!/usr/bin/env bats
# Heartbeats, lifetimes, and what is left to a viewer when a process ends.

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

# retry_hints FILE: how many there are.
retry_hints()
{
	grep -c '^retry: ' "$1"
}

# goodbye SIGNAL: what every viewer of a responder gets when it is told to end.
goodbye()
{
	: >"$SPOOL/news"
	start_serve
	start_lighttpd_socket
	local viewers=() s
	for s in 1 2 3; do
		sse_begin "$URL/news" "$T/s$s"
		viewers+=("$VIEWER")
	done
	echo before >>"$SPOOL/news"
	for s in 1 2 3; do
		wait_line "$T/s$s" before
	done
	kill -s "$1" "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
	wait "$SERVE_PID"
	for s in 1 2 3; do
		sse_end 10 "${viewers[s - 1]}"
		events "$T/s$s" --complete >"$T/e$s"
		same '{"retry":true}' \
			"$(tail -n 1 "$T/e$s" | jq -c '{retry: (.retry > 0)}')"
		same 2 "$(retry_hints "$T/s$s")"
		same '"before"' "$(texts "$T/s$s")"
	done
}

@test "SIGTERM: each viewer gets a retry hint and a clean end" {
	goodbye TERM
}

@test "SIGUSR1 does the same" {
	goodbye USR1
}

@test "a process that ended leaves no socket behind" {
	start_serve
	kill "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
	[[ ! -e $T/serve.sock ]]
}

@test "what is written while no process runs is there after it" {
	: >"$SPOOL/news"
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s1"
	kill "$SERVE_PID"
	sse_end 10
	wait_for 10 gone "$SERVE_PID"
	seq 100 >>"$SPOOL/news"
	start_serve
	sse_begin "$URL/news" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s1")" \
		--retry 20 --retry-delay 1
	wait_line "$T/s2" 100
	same "$(seq -s , -f '"%g"' 100)" "$(texts "$T/s2")"
}

@test "lighttpd stops, and its responder and viewers go with it" {
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	local responder
	responder=$(responder_pids)
	kill -INT "$LIGHTTPD_PID"
	wait_for 20 gone "$LIGHTTPD_PID"
	wait_for 10 gone "$responder"
	wait_for 10 gone "$VIEWER"
}

@test "a silent stream has heartbeats" {
	ini '[stream]' 'heartbeat = 1s'
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	beats() { (($(grep -c '^:' "$T/s") >= 3)); }
	wait_for 30 beats
	echo after >>"$SPOOL/news"
	wait_line "$T/s" after
	sse_close
	same '"after"' "$(texts "$T/s")"
}

@test "a lifetime ends between two events, after a retry hint" {
	ini '[stream]' 'lifetime = 1s' 'retry = 700ms' 'retry_jitter = 0%'
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s1"
	echo one >>"$SPOOL/news"
	sse_end 20
	same 200 "$(<"$T/s1.status")"
	events "$T/s1" --complete >"$T/e1"
	same '{"retry":700}' "$(tail -n 1 "$T/e1")"
	same '"one"' "$(texts "$T/s1")"
	echo two >>"$SPOOL/news"
	sse_begin "$URL/news" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s1")"
	wait_line "$T/s2" two
	sse_end 20
	same '"two"' "$(texts "$T/s2")"
}

@test "lifetimes lose and double nothing while a writer goes on" {
	ini '[stream]' 'lifetime = 1s' 'retry = 50ms'
	: >"$SPOOL/news"
	seq -f 'line %g' 300 >"$T/lines"
	start_lighttpd
	node "$WEB/viewers.mjs" --url "$URL/news" --expect "$T/lines" \
		--viewers 10 --progress "$T/progress" >"$T/result" 3>&- &
	local crowd=$! n
	PIDS+=("$crowd")
	# A line for every 10 events got, so that it takes several lifetimes.
	admitted() { grep -qs ' 10$' "$T/progress"; }
	wait_for 30 admitted
	caught_up() { (($(cut -d ' ' -f 1 "$T/progress") >= n * 10)); }
	for ((n = 0; n < 300; n += 10)); do
		wait_for 30 caught_up
		sed -n "$((n + 1)),$((n + 10))p" "$T/lines" >>"$SPOOL/news"
	done
	wait_for 60 gone "$crowd"
	wait "$crowd" || { cat "$T/result" >&2; return 1; }
	jq -e '.events == 3000' "$T/result"
}

@test "the retry hints of a crowd are spread" {
	: >"$SPOOL/news"
	start_serve
	start_lighttpd_socket
	local s
	for s in {1..20}; do
		sse_open "$URL/news" "$T/s$s"
	done
	for s in {1..20}; do
		wait_for 10 grep -q '^id: ' "$T/s$s"
	done
	(($(sed -n 's/^retry: //p' "$T"/s{1..20} | sort -u | wc -l) >= 10))
	kill "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
	for s in {1..20}; do
		tail -n 2 "$T/s$s" | sed -n 's/^retry: //p'
	done >"$T/hints"
	same 20 "$(wc -l <"$T/hints")"
	(($(sort -u "$T/hints" | wc -l) >= 10))
}

@test "close: whoever is between two responses at a stop meets no error" {
	ini '[flush]' 'mode = close' 'hold = 5s' 'close_retry = 200ms' \
		'[stream]' 'drain = 10s'
	: >"$SPOOL/news"
	start_lighttpd
	seq -f 'line %g' 5 >"$T/lines"
	background "$T/viewers.err" node "$WEB/viewers.mjs" \
		--url "$URL/news" --expect "$T/lines" --viewers 30 \
		--retry-cap 10000 --deadline 100 --progress "$T/progress" \
		>"$T/result"
	# shellcheck disable=SC2153 # background sets PID
	local crowd=$PID n
	have()
	{
		local field
		field=$(cut -d ' ' -f "$1" "$T/progress" 2>/dev/null)
		((${field:-0} >= $2))
	}
	wait_for 20 have 2 30
	for n in {1..5}; do
		sed -n "${n}p" "$T/lines" >>"$SPOOL/news"
		wait_for 40 have 1 $((30 * n))
		((n == 5)) || pkill -TERM -P "$LIGHTTPD_PID"
	done
	wait_for 40 gone "$crowd"
	wait "$crowd"
	jq -e '.refused == 0 and .events == 150' "$T/result" ||
		{ cat "$T/result" "$T/viewers.err" >&2; false; }
}

# each_is_told ADDRESS PID: a crowd that waits while the responder is stopped.
each_is_told()
{
	local address=$1 pid=$2 n peer=${SPOOLCAST%/*}/helpers/fcgi_peer
	kill -STOP "$pid"
	for n in {1..100}; do
		background "$T/peer.$n.err" timeout 60 "$peer" "$address" get \
			REQUEST_METHOD=GET REQUEST_URI=/news \
			HTTP_ACCEPT=text/event-stream >"$T/peer.$n"
	done
	# Sockets of that name: but for the one that listens, they wait in it.
	all_wait()
	{
		local waiting
		waiting=$(awk -v path="${address#unix:}" \
			'$4 != "00010000" && $8 == path' /proc/net/unix | wc -l)
		((waiting >= 100))
	}
	wait_for 30 all_wait
	kill -TERM "$pid"
	kill -CONT "$pid"
	wait_for 20 gone "$pid"
	for n in {1..100}; do
		wait_for 20 grep -q '^retry: ' "$T/peer.$n"
	done
}

@test "a crowd that waits to be accepted at a stop is told to come back" {
	: >"$SPOOL/news"
	start_serve
	each_is_told "unix:$T/serve.sock" "$SERVE_PID"
}
