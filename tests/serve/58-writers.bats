#!/usr/bin/env bats
# Many who write to one file at the same time, and what is made of it; records
# that expire, and the end of a channel.

# shellcheck disable=SC2016 # shells expand "$1"
# shellcheck disable=SC2153 # STATUS is set by get

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

# ten SHELL LENGTH: ten shells append ten lines each of one digit, LENGTH times,
# in a loop with >>, at the same time.
ten()
{
	local who pids=()
	for who in {0..9}; do
		"$1" -c 's=$(head -c "$1" /dev/zero | tr "\0" "$2")
			n=0
			while [ $n -lt 10 ]; do
				echo "$s"
				n=$((n + 1))
			done >>"$3"' - "$2" "$who" "$SPOOL/news" 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
}

# lengths FILE: how many lines of data there are of which length of one digit,
# and how many others, as "COUNT LENGTH" or "COUNT mixed".
lengths()
{
	sed -n 's/^data: //p' "$1" | awk '{
		first = substr($0, 1, 1)
		rest = $0
		gsub(first, "", rest)
		print rest == "" ? length($0) : "mixed" }' | sort | uniq -c |
		awk '{ print $1, $2 }' | sort -n
}

# bytes_of FILE: how many digits its lines of data have in all.
bytes_of()
{
	sed -n 's/^data: //p' "$1" | tr -dc 0-9 | wc -c
}

has_bytes()
{
	(($(bytes_of "$1") >= $2))
}

long_lines_told()
{
	grep -c 'event=long-line' "$T/spoolcast.log" || true
}

@test "lines of 4095 bytes from ten shells at once are whole" {
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	ten bash 4095
	wait_for 20 has_bytes "$T/s" 409500
	same '100 4095' "$(lengths "$T/s")"
	same 0 "$(long_lines_told)"
	ten dash 4095
	wait_for 20 has_bytes "$T/s" 819000
	same '200 4095' "$(lengths "$T/s")"
	sse_close
	events "$T/s" >/dev/null
}

@test "long lines from ten shells at once stay whole or are reported" {
	# Ten pieces that end nowhere make one line.
	ini 'max_record = 1M'
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	# dash writes a line at once, however long it is.
	ten dash 9000
	wait_for 20 has_bytes "$T/s" 900000
	same '100 9000' "$(lengths "$T/s")"
	# bash writes pieces: no byte is lost, and that they may be mixed is
	# said, once.
	ten bash 9000
	wait_for 20 has_bytes "$T/s" 1800000
	same 1800000 "$(bytes_of "$T/s")"
	same 1 "$(long_lines_told)"
	grep -q 'event=long-line channel=news size=[0-9]* effect=.*mixed' \
		"$T/spoolcast.log"
	run -0 "$SPOOLCAST" check
	[[ $output == *"note: news: has a line of "* ]]
	sse_close
	events "$T/s" >/dev/null
}

@test "a process that serves one viewer leaves that to check" {
	head -c 5000 /dev/zero | tr '\0' x >"$SPOOL/news"
	echo >>"$SPOOL/news"
	start_lighttpd_cgi
	sse_begin "$URL/news?history=all" "$T/s"
	wait_for 10 grep -q '^data: xxx' "$T/s"
	sse_close
	same '' "$(grep event=long-line "$T"/*.log)"
}

# publish_loop WHO: twenty long messages.
publish_loop()
{
	local n
	for n in {1..20}; do
		"$SPOOLCAST" publish news "$1 $n $(printf '%05000d' 0) end"
	done
}

# numbers WHO: those of its messages that are events of their own.
numbers()
{
	sed -n "s/^data: $1 \([0-9]*\) 0\{5000\} end\$/\1/p" "$T/s" | xargs
}

@test "publish stays whole beside shells that write in pieces" {
	local pids=() who pid
	ini 'max_record = 1M'
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	ten bash 9000 3>&- &
	pids+=($!)
	for who in a b c; do
		publish_loop $who 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	echo last >>"$SPOOL/news"
	wait_for 20 grep -q '^data: .*last$' "$T/s"
	sse_close
	# Each is an event of its own, once and in order.
	for who in a b c; do
		same "$(seq 20 | xargs)" "$(numbers $who)"
	done
}

@test "shells that take flock(1) mix with nobody who takes it, too" {
	local pids=() who pid
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	for who in d e f; do
		for n in {1..20}; do
			flock "$SPOOL/news" bash -c 'printf "%s %s %05000d end\n" \
				"$1" "$2" 0 >>"$3"' - $who "$n" "$SPOOL/news"
		done 3>&- &
		pids+=($!)
	done
	for who in a b c; do
		publish_loop $who 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	echo last >>"$SPOOL/news"
	wait_line "$T/s" last
	sse_close
	for who in a b c d e f; do
		same "$(seq 20 | xargs)" "$(numbers $who)"
	done
	same 121 "$(grep -c '^data: ' "$T/s")"
}

@test "publish writes to a pipe that a responder reads" {
	mkfifo "$SPOOL/alerts.fifo"
	start_lighttpd
	sse_begin "$URL/alerts" "$T/s"
	printf 'tor' >"$SPOOL/alerts.fifo"
	"$SPOOLCAST" publish alerts hello world
	printf 'a\nb\n' | "$SPOOLCAST" publish alerts
	wait_line "$T/s" b
	sse_close
	same '"tor","hello world","a\nb"' "$(texts "$T/s")"
	run -0 "$SPOOLCAST" check
	[[ $output != *"no responder takes"* ]]
}

@test "publish to a drop folder comes back as it was, with its type" {
	ini 'type_from_extension = yes'
	mkdir "$SPOOL/jobs.d"
	start_lighttpd
	sse_begin "$URL/jobs" "$T/s"
	"$SPOOLCAST" publish jobs plain
	"$SPOOLCAST" publish -e build jobs 'a type'
	printf 'a\n\n' | "$SPOOLCAST" publish jobs
	printf 'b\r\r' | "$SPOOLCAST" publish jobs
	"$SPOOLCAST" publish jobs ''
	# The largest there may be, also with a line end that counts.
	head -c 65536 /dev/zero | tr '\0' x | "$SPOOLCAST" publish jobs
	{ head -c 65535 /dev/zero | tr '\0' y; printf '\n\n'; } |
		"$SPOOLCAST" publish jobs
	"$SPOOLCAST" publish jobs bye
	wait_line "$T/s" bye
	sse_close
	same '["plain","a\n","b\n","",65536,65536,"bye"]' \
		"$(jq -c 'map(if length > 99 then length else . end)' \
			<<<"[$(texts "$T/s")]")"
	same '"a type"' "$(texts "$T/s" build)"
	for type in a.b a/b tmp old~; do
		run -100 "$SPOOLCAST" publish -e $type jobs x
		[[ $output == *"cannot be the extension"* ]]
	done
}

# --- expiry and end ------------------------------------------------------

# ids FILE N: so many blocks with an id have come.
ids()
{
	(($(grep -c '^id: ' "$1") >= $2))
}

past()
{
	(($(date +%s) > $1))
}

@test "what has expired is not delivered: live, from history or on return" {
	local id
	printf 'expires: 1\ndata: old\n\n' >"$SPOOL/jobs.sse"
	"$SPOOLCAST" publish --ttl 1h jobs good
	start_lighttpd
	sse_begin "$URL/jobs?history=all" "$T/s1"
	wait_line "$T/s1" good
	id=$(last_id "$T/s1")
	printf 'data: late\nexpires: 2\n\n' >>"$SPOOL/jobs.sse"
	"$SPOOLCAST" publish --ttl 1h jobs better
	wait_line "$T/s1" better
	sse_close
	same '"good","better"' "$(texts "$T/s1")"
	sse_begin "$URL/jobs" "$T/s2" -H "Last-Event-ID: $id"
	wait_line "$T/s2" better
	sse_close
	same '"better"' "$(texts "$T/s2")"
	sse_begin "$URL/jobs?history=2" "$T/s3"
	"$SPOOLCAST" publish jobs best
	wait_line "$T/s3" best
	sse_close
	same '"better","best"' "$(texts "$T/s3")"
}

@test "what was published with --ttl is not delivered when that is over" {
	"$SPOOLCAST" publish --ttl 1s jobs short
	"$SPOOLCAST" publish --ttl 1h jobs long
	start_lighttpd
	wait_for 10 past "$(sed -n '1s/expires: //p' "$SPOOL/jobs.sse")"
	sse_begin "$URL/jobs?history=all" "$T/s"
	wait_line "$T/s" long
	sse_close
	same '"long"' "$(texts "$T/s")"
}

@test "the cursor moves past what has expired" {
	ini '[stream]' 'heartbeat = 1s'
	: >"$SPOOL/jobs.sse"
	start_lighttpd
	sse_begin "$URL/jobs" "$T/s1"
	printf 'expires: 1\ndata: old\n\n' >>"$SPOOL/jobs.sse"
	wait_for 20 ids "$T/s1" 2
	sse_close
	same '' "$(texts "$T/s1")"
	run ! same "$(sed -n 's/^id: //p' "$T/s1" | head -n 1)" \
		"$(last_id "$T/s1")"
	"$SPOOLCAST" publish jobs new
	sse_begin "$URL/jobs" "$T/s2" \
		-H "Last-Event-ID: $(last_id "$T/s1")"
	wait_line "$T/s2" new
	sse_close
	same '"new"' "$(texts "$T/s2")"
}

@test "publish --end: viewers get the rest, then 204, until it is removed" {
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s1"
	"$SPOOLCAST" publish --end news bye
	sse_end 20
	same '"bye"' "$(texts "$T/s1")"
	get "$URL/news" -H 'Accept: text/event-stream' \
		-H "Last-Event-ID: $(last_id "$T/s1")"
	same 204 "$STATUS"
	rm "$SPOOL/news.end"
	"$SPOOLCAST" publish news again
	sse_begin "$URL/news" "$T/s2" \
		-H "Last-Event-ID: $(last_id "$T/s1")"
	wait_line "$T/s2" again
	sse_close
	same '"again"' "$(texts "$T/s2")"
}
