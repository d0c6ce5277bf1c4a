#!/usr/bin/env bats
# conf/Caddyfile: Caddy, which knows an event stream by its type.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common
load ../helpers/matrix
load ../helpers/servers
load ../helpers/mount

setup() { servers_setup; }
teardown() { servers_stop; }

@test "a stream opens before any event" {
	start_caddy
	matrix_both matrix_opens
}

@test "each event arrives before the next is written" {
	start_caddy
	matrix_both matrix_flows
}

@test "a viewer who goes is noticed" {
	HEARTBEAT=300ms matrix_ini
	start_caddy
	matrix_both matrix_gone
}

@test "Last-Event-ID resumes exactly, Origin and Cookie arrive" {
	start_caddy
	matrix_both matrix_headers
}

@test "every status arrives with its headers and body" {
	start_caddy
	matrix_both matrix_statuses
}

@test "streams flow where everything is compressed" {
	start_caddy 'encode gzip'
	matrix_both matrix_gzip
}

@test "a reload leaves streams where they are" {
	start_caddy
	reload()
	{
		caddy reload --config "$T/Caddyfile" --adapter caddyfile \
			--address unix/build/caddy.sock --force \
			2>>"$T/reload.log"
	}
	recover() { matrix_opens "$URL" --http1.1; }
	matrix_across reload recover
	same 5 "$CONNECTIONS"
}

@test "an end cuts streams off, and they resume" {
	start_caddy
	stop()
	{
		kill "$SERVER_PID"
		wait_for 30 gone "$SERVER_PID"
		wait_for 10 viewers_are 0
	}
	matrix_across stop run_server_again
	((CONNECTIONS > 5))
}

@test "an answer that is quick is not lost on Caddy, which still writes" {
	# It sends the end of STDIN apart, and takes an error there for the end.
	start_caddy
	local url
	for url in "$URL" "$URL_TLS"; do
		curl -sSk -o "$T/answers" -w '%{http_code}\n' \
			"$url/-news?[1-300]" >"$T/codes"
		same '300 400' "$(sort "$T/codes" | uniq -c | xargs)"
	done
}

@test "SPOOLCAST_CHANNELS of a route holds" {
	ini
	start_caddy 'reverse_proxy /list/* unix/build/serve.sock {' \
		'transport fastcgi {' 'env SPOOLCAST_CHANNELS news' '}' '}'
	URL=$ORIGIN/list
	mount_holds
}
