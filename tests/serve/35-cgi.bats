#!/usr/bin/env bats
# Plain CGI: a process for each request, and the same stream.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

@test "one viewer by curl comes back three times and has every line once" {
	: >"$SPOOL/news"
	start_lighttpd_cgi
	local at='' round texts='' n
	for round in 1 2 3 4; do
		sse_begin "$URL/news" "$T/s$round" \
			${at:+-H "Last-Event-ID: $at"}
		for n in 1 2 3; do
			echo "round $round, line $n" >>"$SPOOL/news"
		done
		wait_line "$T/s$round" "round $round, line 3"
		sse_close
		at=$(last_id "$T/s$round")
		echo "while away $round" >>"$SPOOL/news"
		texts+=${texts:+,}$(texts "$T/s$round")
	done
	same "$(sed '$d; s/.*/"&"/' "$SPOOL/news" | paste -sd ,)" "$texts"
}

@test "each request is a process of its own, which goes with its viewer" {
	ini '[stream]' 'heartbeat = 1s'
	: >"$SPOOL/news"
	start_lighttpd_cgi
	sse_begin "$URL/news" "$T/s1"
	local first=$VIEWER
	sse_begin "$URL/news" "$T/s2"
	same 2 "$(responder_pids | wc -l)"
	sse_close "$first"
	one_left() { (($(responder_pids | wc -l) == 1)); }
	wait_for 20 one_left
	echo hello >>"$SPOOL/news"
	wait_line "$T/s2" hello
	same '"hello"' "$(texts "$T/s2")"
}

@test "the binary with a spool beside it needs no configuration at all" {
	mkdir "$T/www/spool"
	cp "$SPOOLCAST" "$T/www/spoolcast.cgi"
	: >"$T/www/spool/news"
	run_lighttpd 'server.modules = ("mod_setenv", "mod_cgi")' \
		"$(cgi_environment)" \
		'cgi.assign = (".cgi" => "")'
	sse_begin "$ORIGIN/spoolcast.cgi/news" "$T/s"
	echo hello >>"$T/www/spool/news"
	wait_line "$T/s" hello
	get "$ORIGIN/spoolcast.cgi?channel=-" -H 'Accept: text/event-stream'
	same 400 "$STATUS"
	sse_close
	same '"hello"' "$(texts "$T/s")"
}

@test "an error is told over plain CGI as over FastCGI" {
	start_lighttpd_cgi
	get "$URL/-news"
	same 400 "$STATUS"
	same 1 "$(wc -l <"$BODY")"
	get "$URL/news" --head
	same 200 "$STATUS"
	same 'text/event-stream; charset=utf-8' "$(header Content-Type)"
	get "$URL/news" -d hello
	same 405 "$STATUS"
}

@test "the lifetime ends a stream over plain CGI, and nothing is lost" {
	ini '[stream]' 'lifetime = 1s' 'retry = 100ms'
	: >"$SPOOL/news"
	start_lighttpd_cgi
	sse_begin "$URL/news" "$T/s1"
	echo one >>"$SPOOL/news"
	sse_end 20
	same '"one"' "$(texts "$T/s1")"
	events "$T/s1" --complete >"$T/events"
	echo two >>"$SPOOL/news"
	sse_open "$URL/news" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s1")"
	sse_end 20
	same '"two"' "$(texts "$T/s2")"
}
