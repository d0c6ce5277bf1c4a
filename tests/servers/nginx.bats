#!/usr/bin/env bats
# conf/nginx.conf: nginx, which holds nothing back where it is asked not to.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common
load ../helpers/matrix
load ../helpers/servers
load ../helpers/mount

setup() { servers_setup; }
teardown() { servers_stop; }

@test "a stream opens before any event" {
	start_nginx
	matrix_both matrix_opens
}

@test "each event arrives before the next is written" {
	start_nginx
	matrix_both matrix_flows
}

@test "a viewer who goes is noticed" {
	HEARTBEAT=300ms matrix_ini
	start_nginx
	matrix_both matrix_gone
}

@test "Last-Event-ID resumes exactly, Origin and Cookie arrive" {
	start_nginx
	matrix_both matrix_headers
}

@test "every status arrives with its headers and body" {
	start_nginx
	matrix_both matrix_statuses
}

@test "streams flow where everything is compressed" {
	start_nginx 'gzip on;' 'gzip_types *;' 'gzip_min_length 0;'
	matrix_both matrix_gzip
}

@test "it is X-Accel-Buffering that nothing is held back by" {
	# Ignored but for one more location.
	start_nginx 'fastcgi_ignore_headers X-Accel-Buffering;' \
		'location /heeded/ { fastcgi_ignore_headers Expires;
			include /etc/nginx/fastcgi.conf;
			fastcgi_pass unix:build/serve.sock; }'
	sse_open "$URL/news" "$T/held"
	local held=$VIEWER n
	wait_for 10 viewers_are 1
	sse_begin "$ORIGIN/heeded/news" "$T/s"
	for n in {1..10}; do
		echo "$n" >>"$SPOOL/news"
		wait_line "$T/s" "$n"
	done
	same 0 "$(wc -c <"$T/held")"
	kill "$SERVE_PID"
	sse_end 10 "$held"
	same "$(texts "$T/s")" "$(texts "$T/held")"
}

@test "a reload leaves streams where they are" {
	start_nginx
	local old
	old=$(pgrep -P "$SERVER_PID")
	reload() { kill -HUP "$SERVER_PID"; }
	another() { pgrep -P "$SERVER_PID" | grep -qvxF "$old"; }
	recover()
	{
		wait_for 30 another
		matrix_opens "$URL" --http1.1
	}
	matrix_across reload recover
	same 5 "$CONNECTIONS"
	# The old worker waits for its streams, and for nothing else.
	# shellcheck disable=SC2086 # one word for each
	wait_for 30 all_gone $old
}

@test "an end is one for its workers, and the streams resume" {
	start_nginx
	local old
	old=$(pgrep -P "$SERVER_PID")
	stop()
	{
		kill "$SERVER_PID"
		# shellcheck disable=SC2086 # one word for each
		wait_for 30 all_gone "$SERVER_PID" $old
		wait_for 10 viewers_are 0
	}
	matrix_across stop run_server_again
	((CONNECTIONS > 5))
}

@test "SPOOLCAST_CHANNELS of a location holds, and twice holds twice" {
	ini
	start_nginx 'fastcgi_param SPOOLCAST_CHANNELS *;' \
		'location /list/ { include /etc/nginx/fastcgi.conf;
			fastcgi_param SPOOLCAST_CHANNELS news;
			fastcgi_pass unix:build/serve.sock; }' \
		'location /twice/ { include /etc/nginx/fastcgi.conf;
			fastcgi_param SPOOLCAST_CHANNELS news,a;
			fastcgi_param SPOOLCAST_CHANNELS *;
			fastcgi_param SPOOLCAST_CHANNELS news,b;
			fastcgi_pass unix:build/serve.sock; }'
	URL=$ORIGIN/list
	mount_holds
	URL=$ORIGIN/twice
	mount_holds
	echo a1 >"$SPOOL/a"
	get "$URL/a"
	same 404 "$STATUS"
}
