#!/usr/bin/env bats
# Patterns, whose channels come and go.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common

setup()
{
	common_setup
	echo old >"$SPOOL/build-0"
}

teardown() { stop_all; }

@test "channels that went make room for those that come" {
	local i
	start_lighttpd
	sse_begin "$URL/build-*" "$T/s1"
	for i in {1..40}; do
		echo "this is $i" >"$SPOOL/build-$i"
		# Cut off when full, it comes back as a browser does.
		taken() {
			has_line "$T/s1" "this is $i" && return 0
			! gone "$VIEWER" || sse_begin "$URL/build-*" "$T/s1" \
				-H "Last-Event-ID: $(last_id "$T/all")"
			return 1
		}
		wait_for 20 taken
		cat "$T/s1" >>"$T/all"
		rm "$SPOOL/build-$i"
	done
	grep -q 'event=pattern-full channel=build-3' "$T/spoolcast.log"
	sse_begin "$URL/build-*" "$T/s2"
	echo "to all" >>"$SPOOL/build-0"
	wait_line "$T/s2" "to all"
}

@test "more channels than are allowed are said to be too many" {
	touch "$SPOOL"/build-{1..40}
	start_lighttpd
	get "$URL/build-*"
	same 400 "$STATUS"
	grep -q channels_per_stream "$BODY"
}

@test "a channel that went while its viewer was away is told as a gap" {
	start_lighttpd
	echo one >"$SPOOL/build-1"
	sse_begin "$URL/build-*?history=1" "$T/s1"
	wait_line "$T/s1" one
	sse_close
	echo unseen >>"$SPOOL/build-1"
	rm "$SPOOL/build-1"
	local from
	from=$(last_id "$T/s1")
	sse_begin "$URL/build-*" "$T/s2" -H "Last-Event-ID: $from"
	wait_for 10 grep -q spoolcast.gap "$T/s2"
	same '{"channel":"build-*","reason":"expired","resumed":"oldest"}' \
		"$(texts "$T/s2" spoolcast.gap | jq -r .)"
	# Anyone who gets no more than where the stream begins is told later.
	same "$from" "$(header Last-Event-ID "$T/s2.headers")"
	same "$from" "$(sed -n 's/^id: //p' "$T/s2" | head -n 1)"
	# Each event has an id of its own.
	same '' "$(sed -n 's/^id: //p' "$T/s2" | uniq -d)"
	# Once told, it is told.
	sse_close
	sse_begin "$URL/build-*" "$T/s3" \
		-H "Last-Event-ID: $(last_id "$T/s2")"
	echo more >>"$SPOOL/build-0"
	wait_line "$T/s3" more
	same '' "$(texts "$T/s3" spoolcast.gap)"
}

@test "whether a channel that came meanwhile is whole, nobody can know" {
	start_lighttpd
	sse_begin "$URL/build-*" "$T/s1"
	sse_close
	echo one >"$SPOOL/build-1"
	echo gone >"$SPOOL/build-2"
	mv "$SPOOL/build-2" "$SPOOL/build-2.1"
	echo two >"$SPOOL/build-2"
	mv "$SPOOL/build-2.1" "$SPOOL/build-2.2"
	mv "$SPOOL/build-2" "$SPOOL/build-2.1"
	echo three >"$SPOOL/build-2"
	rm "$SPOOL/build-2.2"
	sse_begin "$URL/build-*" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s1")"
	wait_line "$T/s2" three
	wait_line "$T/s2" one
	same '{"channel":"build-2","reason":"expired","resumed":"oldest"}' \
		"$(texts "$T/s2" spoolcast.gap | jq -r .)"
	same '"one","three","two"' "$(texts "$T/s2" | tr , '\n' | sort |
		paste -sd ,)"
}

@test "a gap that was not told yet is told when its channel is gone" {
	start_lighttpd
	echo one >"$SPOOL/build-1"
	sse_begin "$URL/build-*?history=1" "$T/s1"
	wait_line "$T/s1" one
	sse_close
	rm "$SPOOL/build-1"
	echo other >"$SPOOL/build-1"
	# It learns where it is now, and nothing more.
	get "$URL/build-*" -I -H "Last-Event-ID: $(last_id "$T/s1")"
	rm "$SPOOL/build-1"
	sse_begin "$URL/build-*" "$T/s2" \
		-H "Last-Event-ID: $(header Last-Event-ID)"
	wait_for 10 grep -q spoolcast.gap "$T/s2"
	same '{"channel":"build-*","reason":"expired","resumed":"oldest"}' \
		"$(texts "$T/s2" spoolcast.gap | jq -r .)"
}

@test "the id of as many channels as may be asked for is taken back whole" {
	local list
	ini '[limits]' 'channels_per_stream = 1000'
	list=$(seq -s, -f 'c%g' 300)
	touch "$SPOOL"/c{1..300}
	start_serve
	start_lighttpd_socket 'server.max-request-field-size = 65535'
	sse_begin "$URL/x?channel=$list" "$T/s1"
	sse_close
	echo more >>"$SPOOL/c7"
	sse_begin "$URL/x?channel=$list" "$T/s2" \
		-H "Last-Event-ID: $(last_id "$T/s1")"
	wait_line "$T/s2" more
	same '' "$(texts "$T/s2" spoolcast.gap)"
}

@test "a channel whose newest segment was renamed is not forgotten" {
	seq 5 >"$SPOOL/build-1"
	start_lighttpd
	sse_begin "$URL/build-*?history=all" "$T/s1"
	wait_line "$T/s1" old
	wait_line "$T/s1" 5
	sse_close
	mv "$SPOOL/build-1" "$SPOOL/build-1.1"
	# One who comes back now, to a process that goes on and to a new one.
	sse_begin "$URL/build-*" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s1")"
	echo between >>"$SPOOL/build-0"
	wait_line "$T/s2" between
	sse_close
	start_lighttpd_cgi
	sse_begin "$URL/build-*" "$T/s3" -H "Last-Event-ID: $(last_id "$T/s1")"
	wait_line "$T/s3" between
	sse_close
	echo 6 >"$SPOOL/build-1"
	local s
	for s in s2 s3; do
		sse_begin "$URL/build-*" "$T/$s.on" \
			-H "Last-Event-ID: $(last_id "$T/$s")"
		wait_line "$T/$s.on" 6
		same '"6"' "$(texts "$T/$s.on")"
		same '' "$(texts "$T/$s.on" spoolcast.gap)"
	done
}

@test "a pattern selects a channel that others waited for by its name" {
	start_lighttpd
	sse_begin "$URL/build-*" "$T/pattern"
	sse_begin "$URL/build-new" "$T/name"
	echo first >"$SPOOL/build-new"
	wait_line "$T/name" first
	wait_line "$T/pattern" first
}
