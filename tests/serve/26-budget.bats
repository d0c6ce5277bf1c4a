#!/usr/bin/env bats
# Budgets: how many streams there may be, in all and for one address; and what
# becomes of those who come then.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common

setup() { common_setup; }

teardown()
{
	chmod -R u+w "$SPOOL"
	stop_all
}

EVENTSOURCE=(-H 'Accept: text/event-stream')

last_hint()
{
	sed -n 's/^retry: //p' "$BODY" | tail -n 1
}

# polls URL: who comes now is served, and not held; an empty answer.
polls()
{
	get "$1" "${EVENTSOURCE[@]}"
	same 200 "$STATUS"
	same 0 "$(grep -c '^data: ' "$BODY")"
	(($(last_hint) >= 5000 && $(last_hint) <= 8500))
}

# fill COUNT [CURL OPTION...]: so many viewers, in $T/s1 and so on.
fill()
{
	local n count=$1
	shift
	for ((n = 1; n <= count; n++)); do
		sse_begin "$URL/news" "$T/s$n" "$@"
	done
}

# Whoever polls has every line once, as if it were one stream.
polls_have_all()
{
	local at='' n
	: >"$T/polled"
	for n in {1..10}; do
		get "$URL/news?lastEventId=$at" "${EVENTSOURCE[@]}"
		at=$(last_id "$BODY")
		cat "$BODY" >>"$T/polled"
		printf 'line %s\n' "$n" >>"$SPOOL/news"
	done
	get "$URL/news?lastEventId=$at" "${EVENTSOURCE[@]}"
	cat "$BODY" >>"$T/polled"
	same "$(seq -f 'line %g' 1 10)" "$(sed -n 's/^data: //p' "$T/polled")"
}

@test "over the budget viewers poll, in it they stream, and all have all" {
	ini '[limits]' 'streams = 3'
	: >"$SPOOL/news"
	start_lighttpd
	fill 3
	polls "$URL/news"
	# Not asking for an event stream is no reason to refuse, either.
	get "$URL/news"
	same 200 "$STATUS"
	polls_have_all
	wait_line "$T/s3" 'line 10'
	same "$(texts "$T/s1")" "$(texts "$T/s3")"
	same 1 "$(grep -c 'event=over-budget.*streams=3' "$T/spoolcast.log")"
	# A place that is free again is for who comes next.
	sse_close
	echo more >>"$SPOOL/news"
	echo more >>"$SPOOL/news"
	has_place()
	{
		sse_open "$URL/news" "$T/s4"
		wait_for 10 grep -q '^id: ' "$T/s4"
		! grep -q '^retry: [0-9]*$' <(tail -n +6 "$T/s4")
	}
	wait_for 20 has_place
	echo last >>"$SPOOL/news"
	wait_line "$T/s4" last
}

@test "one address has so many streams, others are not concerned" {
	ini '[limits]' 'streams_per_address = 2'
	: >"$SPOOL/news"
	run_lighttpd 'server.modules = ("mod_extforward", "mod_fastcgi")' \
		'extforward.forwarder = ("127.0.0.1" => "trust")' \
		"fastcgi.server = (\"/events\" => ((
			\"bin-path\" => \"$SPOOLCAST\",
			\"socket\" => \"$T/sc.sock\", \"max-procs\" => 1,
			\"check-local\" => \"disable\")))"
	fill 2 -H 'X-Forwarded-For: 192.0.2.1'
	get "$URL/news" "${EVENTSOURCE[@]}" -H 'X-Forwarded-For: 192.0.2.1'
	same 200 "$STATUS"
	grep -q '^: full: \[limits\] streams_per_address' "$BODY"
	(($(last_hint) >= 15000 && $(last_hint) <= 45000))
	# So is a client that takes anything.
	get "$URL/news" -H 'X-Forwarded-For: 192.0.2.1'
	same 200 "$STATUS"
	grep -q '^: full: \[limits\] streams_per_address' "$BODY"
	(($(last_hint) >= 15000))
	sse_begin "$URL/news" "$T/other" -H 'X-Forwarded-For: 192.0.2.2'
	# Of IPv6 one subscriber has all of a /64.
	sse_begin "$URL/news" "$T/v6a" -H 'X-Forwarded-For: 2001:db8:1:2::1'
	sse_begin "$URL/news" "$T/v6b" -H 'X-Forwarded-For: 2001:db8:1:2::2'
	get "$URL/news" -H 'X-Forwarded-For: 2001:db8:1:2:3::'
	grep -q '^: full: \[limits\] streams_per_address' "$BODY"
	sse_begin "$URL/news" "$T/v6c" -H 'X-Forwarded-For: 2001:db8:1:3::'
	# Who leaves makes room.
	sse_close "$VIEWER"
	grep -q 'event=refused reason="full: \[limits\] streams_per_address"' \
		"$T/spoolcast.log"
}

@test "who was refused has lost nothing when it is let in" {
	local first id
	ini '[limits]' 'streams_per_address = 1'
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	first=$VIEWER
	echo before >>"$SPOOL/news"
	wait_line "$T/s" before
	get "$URL/news" "${EVENTSOURCE[@]}"
	node "$WEB/strict.mjs" --complete "$BODY" >"$T/events"
	id=$(jq -r 'select(.type == "spoolcast.open") | .id' "$T/events")
	[[ -n $id ]]
	same "$id" "$(header Last-Event-ID)"
	echo between >>"$SPOOL/news"
	wait_line "$T/s" between
	sse_close "$first"
	let_in()
	{
		get "$URL/news?flush=close" --max-time 2 "${EVENTSOURCE[@]}" \
			-H "Last-Event-ID: $id" || true
		grep -q '^data: between' "$BODY"
	}
	wait_for 20 let_in
	run ! grep -E 'before|spoolcast.gap' "$BODY"
}

@test "who is refused on a channel that nobody hears is told when to come" {
	ini '[limits]' 'streams_per_address = 1'
	: >"$SPOOL/news"
	: >"$SPOOL/other"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	get "$URL/other" "${EVENTSOURCE[@]}"
	grep -q '^: full: \[limits\] streams_per_address' "$BODY"
	(($(last_hint) >= 15000))
	same '' "$(header Last-Event-ID)"
	run ! grep -q spoolcast.open "$BODY"
}

@test "plain CGI: all processes on the spool have one budget" {
	ini '[limits]' 'streams = 3' '[stream]' 'heartbeat = 500ms'
	: >"$SPOOL/news"
	start_lighttpd_cgi
	fill 3
	polls "$URL/news"
	polls_have_all
	wait_line "$T/s1" 'line 10'
	# One is killed and says nothing; its place is free all the same.
	local pid
	pid=$(responder_pids | head -n 1)
	kill -KILL "$pid"
	wait_for 10 gone "$pid"
	sse_begin "$URL/news" "$T/s4"
	echo more >>"$SPOOL/news"
	wait_line "$T/s4" more
	polls "$URL/news"
}

@test "plain CGI: one address has so many streams in all processes" {
	ini '[limits]' 'streams_per_address = 2'
	: >"$SPOOL/news"
	start_lighttpd_cgi
	fill 2
	get "$URL/news" "${EVENTSOURCE[@]}"
	same 200 "$STATUS"
	grep -q '^: full: \[limits\] streams_per_address' "$BODY"
}

@test "plain CGI: who cannot be counted polls, and the log says why" {
	ini '[limits]' 'streams = 3'
	: >"$SPOOL/news"
	# Root may write anywhere, but not make a folder of a file.
	: >"$SPOOL/.spoolcast"
	start_lighttpd_cgi
	polls "$URL/news"
	grep -q 'event=budget-unknown .*remedy=".*\.spoolcast' \
		"$T/spoolcast.log"
	polls_have_all
}

@test "plain CGI: without a budget nothing is written to the spool" {
	: >"$SPOOL/news"
	start_lighttpd_cgi
	sse_begin "$URL/news" "$T/s"
	same news "$(ls -A "$SPOOL")"
}

@test "streams that end together come back at no more than the rate" {
	ini '[stream]' 'reconnect_rate = 50' 'retry = 1s'
	: >"$SPOOL/news"
	start_lighttpd
	local hints
	: >"$T/hints"
	background "$T/hints.err" node "$WEB/hints.mjs" --url "$URL/news" \
		--viewers 300 --deadline 200 >"$T/hints"
	wait_for 100 grep -qx open "$T/hints"
	kill -TERM "$(responder_pids)"
	wait_for 20 gone "$PID"
	wait "$PID"
	hints=$(tail -n +2 "$T/hints" | sort -n)
	same 300 "$(wc -l <<<"$hints")"
	# 300 at 50 a second are 6 s, and each has its jitter of half a second.
	(($(head -n 1 <<<"$hints") >= 500 && $(tail -n 1 <<<"$hints") <= 7500))
	(($(tail -n 1 <<<"$hints") >= 5500))
	# So many in any second, give or take what chance does.
	awk '{ at[NR] = $1 }
		END {
			for (i = 1; i <= NR; i++) {
				while (at[i] - at[from + 1] >= 1000)
					from++
				if (i - from > most)
					most = i - from
			}
			print "most in a second:", most
			exit most > 75
		}' <<<"$hints"
}

@test "a crowd at the limit of descriptors fills the room there is" {
	: >"$SPOOL/news"
	start_serve bash -c 'ulimit -n 96; exec "$@"' -
	start_lighttpd_socket
	local n
	for n in {1..150}; do
		sse_open "$URL/news" "$T/v$n"
	done
	all_answered() { (($(grep -ls '^id: \|^: full' "$T"/v* | wc -l) == 150)); }
	wait_for 30 all_answered
	# 96 without what is kept for other things than viewers.
	n=$(grep -Ls '^: full' "$T"/v*[0-9] | wc -l)
	echo "in: $n"
	((n >= 50 && n <= 64))
	grep -q 'full: the limit of open files' "$T"/v*
}
