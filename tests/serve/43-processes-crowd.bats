#!/usr/bin/env bats
# Several responders on one spool, behind web servers: viewers of one that is
# killed go on in another.

# shellcheck disable=SC2034,SC2119,SC2120,SC2153 # servers.bash uses them
load ../helpers/common
load ../helpers/matrix
load ../helpers/servers
load ../helpers/processes

setup() { servers_setup; }
teardown() { servers_stop; }

# As that of servers.bash, but two.
start_responder()
{
	background "$T/serve.log" build/spoolcast serve \
		--listen unix:build/serve.sock --processes 2 "$@"
	SERVE_PID=$PID
	wait_for 10 has_children 2
}

# crowd_across COMMAND...: 100 viewers and 1,000 records; when a third and when
# two thirds of them have arrived, COMMAND kills one of the responders.
crowd_across()
{
	local crowd n
	seq -f 'line %g' 1000 >"$T/lines"
	: >"$SPOOL/news"
	background "$T/viewers.err" node "$WEB/viewers.mjs" \
		--url "$URL/news" --expect "$T/lines" --viewers 100 \
		--deadline 200 --progress "$T/progress" >"$T/result"
	crowd=$PID
	have()
	{
		local field
		field=$(cut -d ' ' -f "$1" "$T/progress" 2>/dev/null)
		((${field:-0} >= $2))
	}
	wait_for 60 have 2 100
	for n in {0..9}; do
		sed -n "$((100 * n + 1)),$((100 * n + 100))p" "$T/lines" \
			>>"$SPOOL/news"
		[[ $n != [36] ]] || "$@"
		# Some may be on their way back.
		wait_for 60 have 1 $((9000 * n))
	done
	wait_for 120 gone "$crowd"
	wait "$crowd" || { cat "$T/result" "$T/viewers.err" >&2; false; }
	jq -e '.events == 100000 and .reconnects > 0' "$T/result"
}

# kill_one: of the children of `serve --processes`.
kill_one()
{
	local pid
	pid=$(children | head -n 1)
	kill -KILL "$pid"
	wait_for 10 gone "$pid"
}

@test "lighttpd in front of two processes: one is killed, nothing is lost" {
	start_lighttpd_external
	crowd_across kill_one
	wait_for 20 has_children 2
}

@test "nginx in front of two processes: one is killed, nothing is lost" {
	start_nginx
	crowd_across kill_one
	wait_for 20 has_children 2
}

@test "lighttpd with max-procs = 2: one is killed, nothing is lost" {
	run_lighttpd 'server.modules = ("mod_fastcgi")' \
		"fastcgi.server = (\"/events\" => ((
			\"bin-path\" => \"$SPOOLCAST\",
			\"socket\" => \"$T/sc.sock\", \"max-procs\" => 2,
			\"check-local\" => \"disable\")))"
	same 2 "$(responder_pids | wc -l)"
	kill_spawned()
	{
		local pid
		pid=$(responder_pids | head -n 1)
		kill -KILL "$pid"
		wait_for 10 gone "$pid"
	}
	crowd_across kill_spawned
}

@test "the same id resumes in each process, across a rotation" {
	start_responder
	local peer=${SPOOLCAST%/*}/helpers/fcgi_peer n id
	: >"$SPOOL/news"
	echo one >>"$SPOOL/news"
	at() # ID FILE
	{
		: >"$T/$2"
		background "$T/peers.err" "$peer" --deadline 100 \
			unix:build/serve.sock get REQUEST_METHOD=GET \
			REQUEST_URI='/news?history=1' \
			HTTP_ACCEPT=text/event-stream \
			${1:+"HTTP_LAST_EVENT_ID=$1"} >"$T/$2"
	}
	at '' first
	wait_line "$T/first" one
	id=$(last_id "$T/first")
	mv "$SPOOL/news" "$SPOOL/news.1"
	echo two >>"$SPOOL/news"
	for n in {1..20}; do
		at "$id" "peer.$n"
		wait_line "$T/peer.$n" two
		same 0 "$(grep -c 'data: one' "$T/peer.$n")"
		same 0 "$(grep -c 'spoolcast.gap' "$T/peer.$n")"
	done
	wait_line "$T/first" two
}

@test "one process takes what comes by pipes; killed, another goes on" {
	ini
	mkfifo "$SPOOL/alerts.fifo"
	start_responder
	local n
	for n in {1..6}; do
		echo "alert $n" >"$SPOOL/alerts.fifo"
		wait_for 20 grep -q "alert $n\$" \
			"$SPOOL/.spoolcast/alerts.fifo.log"
		kill_one
		wait_for 20 has_children 2
	done
	same 6 "$(grep -c 'alert [1-6]$' "$SPOOL/.spoolcast/alerts.fifo.log")"
}
