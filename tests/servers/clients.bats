#!/usr/bin/env bats
# Clients by many authors, each through all that can happen to a stream, behind
# conf/nginx.conf; the table is in tests/README.md.

load ../helpers/common
load ../helpers/matrix
load ../helpers/servers

setup()
{
	servers_setup
	ini '[stream]' 'retry = 100ms' 'retry_jitter = 0%'
	cp "$WEB/native.html" examples/
	start_nginx
	# What the reader tells to kill and start.
	cat >"$T/hook" <<-HOOK
	#!/bin/bash
	cd "$PWD" || exit
	export SPOOLCAST_SPOOL=spool
	case \$1 in
	kill)
		kill -KILL "\$(cat "$T/serve.pid")"
		while [ -e "/proc/\$(cat "$T/serve.pid")" ] &&
			! grep -q '^State:.Z' "/proc/\$(cat "$T/serve.pid")/status"; do
			:
		done
		;;
	start)
		build/spoolcast serve --listen unix:build/serve.sock \
			${FOR_GROUP[*]} </dev/null >/dev/null 2>>"$T/serve.log" &
		echo \$! >"$T/serve.pid"
		;;
	end) build/spoolcast publish --end news ;;
	esac
	HOOK
	chmod +x "$T/hook"
	echo "$SERVE_PID" >"$T/serve.pid"
}

teardown() { servers_stop; }

# goes_through READER [long]: with long, only where there is time for all.
goes_through()
{
	[[ -z ${2:-} || -n ${EVERY:-} ]] || skip 'make check-long has it'
	node "$WEB/scenario.mjs" --reader "$1" --url "$URL/news" \
		--spool "$SPOOL" --hook "$T/hook" >"$T/result" \
		2>"$T/reader.err" || {
		cat "$T/result" "$T/reader.err" >&2
		return 1
	}
	cat "$T/result"
}

@test "Chromium" {
	goes_through chromium long
}

@test "Firefox" {
	goes_through firefox
}

@test "WebKit" {
	goes_through webkit
}

@test "npm eventsource 2" {
	goes_through 'eventsource 2'
}

@test "npm eventsource 3" {
	goes_through 'eventsource 3' long
}

@test "npm eventsource 4" {
	goes_through 'eventsource 4' long
}

@test "npm eventsource 5" {
	goes_through 'eventsource 5' long
}

@test "npm event-source-polyfill" {
	goes_through event-source-polyfill long
}

@test "npm fetch-event-source" {
	goes_through fetch-event-source
}

@test "npm launchdarkly-eventsource" {
	goes_through launchdarkly-eventsource long
}

@test "Go donovanhide/eventsource" {
	[[ -n ${EVERY:-} ]] || skip 'make check-long has it'
	GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$T/go-cache \
		go build -o "$T/reader" "$WEB/go/reader.go"
	GO_READER=$T/reader goes_through 'Go eventsource'
}
