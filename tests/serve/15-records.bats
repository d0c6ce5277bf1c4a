#!/usr/bin/env bats
# How what is in a file becomes events, and what is said where it cannot.

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

@test "what a line says is never taken for a field" {
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	printf '%s\n' 'event: x' 'id: 7' 'retry: 1' ': remark' ' lead' 'last' \
		>>"$SPOOL/news"
	wait_line "$T/s" last
	sse_close
	same '"event: x","id: 7","retry: 1",": remark"," lead","last"' \
		"$(texts "$T/s")"
}

@test "blocks carry types, several lines, retry and the publisher's own id" {
	: >"$SPOOL/deploy.sse"
	start_lighttpd
	sse_begin "$URL/deploy" "$T/s"
	printf '%s\n' ': remark' 'event: build' 'data: one' 'data:two' \
		'colour: red' '' 'id: v 1' 'data: three' '' 'retry: 4321' '' \
		'data: last' '' >>"$SPOOL/deploy.sse"
	wait_line "$T/s" last
	sse_close
	events "$T/s" >"$T/events"
	same '{"type":"build","data":"one\ntwo"}' \
		"$(jq -c 'select(.type == "build") | del(.id)' "$T/events")"
	same '"three","last"' "$(texts "$T/s")"
	same true "$(jq -c 'select(.data == "three") | .id | endswith("~v_1")' \
		"$T/events")"
	same 4321 "$(jq -s '[.[] | .retry // empty] | last' "$T/events")"
}

@test "a line without its end is held back, also across a reconnect" {
	: >"$SPOOL/news"
	: >"$SPOOL/tick"
	start_lighttpd
	sse_begin "$URL/news,tick" "$T/s1"
	printf 'one ' >>"$SPOOL/news"
	echo 1 >>"$SPOOL/tick"
	wait_line "$T/s1" 1
	printf 'two ' >>"$SPOOL/news"
	echo 2 >>"$SPOOL/tick"
	wait_line "$T/s1" 2
	sse_close
	same '"1","2"' "$(texts "$T/s1")"
	sse_begin "$URL/news,tick" "$T/s2" \
		-H "Last-Event-ID: $(last_id "$T/s1")"
	echo 3 >>"$SPOOL/tick"
	wait_line "$T/s2" 3
	echo three >>"$SPOOL/news"
	wait_line "$T/s2" 'one two three'
	sse_close
	same '"3","one two three"' "$(texts "$T/s2")"
}

@test "odd bytes come out as valid UTF-8 and blank lines not at all" {
	printf '\357\273\277bom\r\nn\0l\n\n\r\nbad \377\376 \303\n' \
		>"$SPOOL/news"
	printf 'x\ry\nlast\n' >>"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" last
	sse_close
	same '"bom","n�l","bad �� �","x\ny","last"' "$(texts "$T/s")"
}

@test "a record over max_record is left out as a whole, and said so" {
	ini 'max_record = 1K'
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	printf '%02000d\nafter\n' 0 >>"$SPOOL/news"
	wait_line "$T/s" after
	sse_close
	same '"after"' "$(texts "$T/s")"
	texts "$T/s" spoolcast.skipped | jq -r . >"$T/skipped"
	same 2000 "$(jq .size "$T/skipped")"
	same 1 "$(wc -l <"$T/skipped")"
	sse_begin "$URL/news" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s")"
	echo 'and on' >>"$SPOOL/news"
	wait_line "$T/s2" 'and on'
	same '"and on"' "$(texts "$T/s2")"
}

@test "a record over max_record that comes in pieces is left out once" {
	ini 'max_record = 1K'
	: >"$SPOOL/news"
	: >"$SPOOL/tick"
	start_lighttpd
	sse_begin "$URL/news,tick" "$T/s"
	for i in 1 2 3; do
		printf '%0900d' 0 >>"$SPOOL/news"
		echo "$i" >>"$SPOOL/tick"
		wait_line "$T/s" "$i"
	done
	printf '\nafter\n' >>"$SPOOL/news"
	wait_line "$T/s" after
	sse_close
	same '"1","2","3","after"' "$(texts "$T/s")"
	same 1 "$(events "$T/s" | grep -c spoolcast.skipped)"
}

@test "who comes back to a truncated file is told of the gap" {
	seq 100 199 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=1" "$T/s1"
	wait_line "$T/s1" 199
	sse_close
	: >"$SPOOL/news"
	echo new >>"$SPOOL/news"
	sse_begin "$URL/news" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s1")"
	wait_line "$T/s2" new
	sse_close
	events "$T/s2" | jq -c 'select(.type) | .type' >"$T/types"
	same '"spoolcast.open" "spoolcast.gap" "message"' \
		"$(xargs -d '\n' <"$T/types")"
	texts "$T/s2" spoolcast.gap | jq -r . >"$T/gap"
	same '["news","oldest"]' "$(jq -c '[.channel, .resumed]' "$T/gap")"
	jq -e '.reason == "replaced" or .reason == "expired"' "$T/gap"
}

@test "who comes back to a replaced file is told of the gap" {
	seq 100 199 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=1" "$T/s1"
	wait_line "$T/s1" 199
	sse_close
	seq 1000 1999 >"$T/other"
	mv "$T/other" "$SPOOL/news"
	sse_begin "$URL/news" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s1")"
	wait_line "$T/s2" 1999
	sse_close
	same "$(seq -s , -f '"%g"' 1000 1999)" "$(texts "$T/s2")"
	same '"spoolcast.gap"' \
		"$(events "$T/s2" | jq -sc '[.[] | select(.type)][1].type')"
}
