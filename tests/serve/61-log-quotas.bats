#!/usr/bin/env bats
# What strangers can have the log say, and what they cannot keep it from saying.

load ../helpers/common

setup()
{
	common_setup
	ini 'max_record = 1K' '[flush]' 'mode = close' 'close_retry = 1ms'
	head -c 2000 /dev/zero | tr '\0' x >"$T/long"
	echo >>"$T/long"
}
teardown() { stop_all; }

# asks_often N PATH [CURL OPTION...]: that many requests, one after another.
asks_often()
{
	local n=$1 path=$2
	shift 2
	curl -sS --max-time 100 -o "$T/answers" "$@" "$URL/$path&n=[1-$n]"
}

# lines EVENT FILE...: how many there are about it.
lines()
{
	cat "${@:2}" 2>/dev/null | grep -c "event=$1 " || true
}

@test "ids that are made up leave room for a record that is too large" {
	echo one >"$SPOOL/news"
	: >"$SPOOL/big"
	start_lighttpd
	asks_often 130 'news?x' -H 'Last-Event-ID: made-up'
	same 100 "$(lines gap "$T/spoolcast.log")"
	sse_begin "$URL/big?history=all" "$T/s"
	cat "$T/long" >>"$SPOOL/big"
	wait_for 20 grep -q 'event=record-skipped channel=big size=2000 offset=0 ' \
		"$T/spoolcast.log"
	sse_end 20
}

@test "a record that is asked for again and again leaves room for another" {
	cp "$T/long" "$SPOOL/big"
	start_lighttpd
	asks_often 130 'big?history=all'
	same 1 "$(lines record-skipped "$T/spoolcast.log")"
	sse_begin "$URL/big" "$T/s"
	cat "$T/long" >>"$SPOOL/big"
	wait_for 20 grep -q 'event=record-skipped channel=big size=2000 offset=2001 ' \
		"$T/spoolcast.log"
	sse_end 20
}

@test "where each request is a process all of them share the quotas" {
	echo one >"$SPOOL/news"
	cp "$T/long" "$SPOOL/big"
	start_lighttpd_cgi
	asks_often 230 'news?x' -H 'Last-Event-ID: made-up'
	# A minute may have ended meanwhile: a hundred in each.
	(($(lines gap "$T"/*.log) >= 100))
	(($(lines gap "$T"/*.log) <= 200))
	asks_often 20 'big?history=all'
	(($(lines record-skipped "$T"/*.log) >= 1))
	(($(lines record-skipped "$T"/*.log) <= 2))
	[[ -f $SPOOL/.spoolcast/lines ]]
}

@test "a process with nothing to tell opens nothing" {
	echo one >"$SPOOL/news"
	start_lighttpd_cgi
	asks_often 3 'news?history=all'
	grep -q 'data: one' "$T/answers"
	[[ ! -e $SPOOL/.spoolcast ]]
}

@test "without what processes share each of them says little, and that it does" {
	local i
	mkdir -p "$SPOOL/.spoolcast/lines"
	for i in {1..20}; do echo x >"$SPOOL/c$i"; done
	start_lighttpd_cgi
	asks_often 1 'c*?x' -H 'Last-Event-ID: made-up'
	same 3 "$(lines gap "$T"/*.log)"
	same 1 "$(lines log-alone "$T"/*.log)"
}
