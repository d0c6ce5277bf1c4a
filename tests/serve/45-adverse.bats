#!/usr/bin/env bats
# Files that cannot be opened, links to nothing, ids that were tampered with.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common

setup()
{
	common_setup
	: >"$SPOOL/news"
}

teardown() { stop_all; }

# replace TEXT: another file takes the name of news.
replace()
{
	echo "$1" >"$SPOOL/.new"
	mv "$SPOOL/.new" "$SPOOL/news"
}

got_all()
{
	(($(grep -c '^data: line' "$1") >= 24000))
}

descriptors()
{
	local all=("/proc/$SERVE_PID/fd/"*)
	echo "${#all[@]}"
}

@test "connections that take all descriptors keep no channel from going on" {
	start_serve bash -c 'ulimit -n 256; exec "$@"' -
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s"
	background "$T/peer.log" "${SPOOLCAST%/*}/helpers/fcgi_peer" \
		"unix:$T/serve.sock" attack silent 400 --hold 400 --for 20 \
		>"$T/hold"
	wait_for 30 grep -q 'event=accept-paused' "$T/serve.log"
	replace other
	wait_line "$T/s" other
	echo more >>"$SPOOL/news"
	wait_line "$T/s" more
}

@test "a viewer that stalls holds no file but the one it reads" {
	local i before
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s"
	sse_begin "$URL/news" "$T/slow"
	kill -STOP "$VIEWER"
	seq -f "line %.0f $(printf '%0500d' 0)" 24000 >>"$SPOOL/news"
	wait_for 60 got_all "$T/s"
	before=$(descriptors)
	for i in {1..50}; do
		replace "this is $i"
		wait_line "$T/s" "this is $i"
	done
	(($(descriptors) <= before + 2))
	kill -CONT "$VIEWER"
	wait_line "$T/slow" "this is 50"
	got_all "$T/slow"
}

@test "a link whose target comes later is followed" {
	ln -s "$T/target" "$SPOOL/app"
	start_lighttpd
	sse_begin "$URL/app" "$T/s"
	echo one >"$T/target"
	wait_line "$T/s" one
	echo two >>"$T/target"
	wait_line "$T/s" two
}

@test "who was away while a link's target was rotated needs a link to that, too" {
	local id
	mkdir "$T/log"
	echo one >"$T/log/app"
	ln -s "$T/log/app" "$SPOOL/app"
	start_lighttpd
	sse_open "$URL/app?history=all" "$T/s"
	wait_line "$T/s" one
	mv "$T/log/app" "$T/log/app.1"
	echo two >>"$T/log/app.1"
	echo three >>"$T/log/app"
	wait_line "$T/s" three
	same '"one","two","three"' "$(texts "$T/s")"
	sse_close
	id=$(sed -n 's/^id: //p' "$T/s" | sed -n 2p)
	sse_begin "$URL/app" "$T/gap" -H "Last-Event-ID: $id"
	wait_line "$T/gap" three
	same '{"channel":"app","reason":"replaced","resumed":"oldest"}' \
		"$(texts "$T/gap" spoolcast.gap | jq -r .)"
	ln -s "$T/log/app.1" "$SPOOL/app.1"
	sse_begin "$URL/app" "$T/exact" -H "Last-Event-ID: $id"
	wait_line "$T/exact" three
	same '"two","three"' "$(texts "$T/exact")"
	same '' "$(texts "$T/exact" spoolcast.gap)"
}

@test "one file that cannot be read does not shut out the others" {
	echo a >"$SPOOL/good"
	truncate -s 100M "$SPOOL/bad"
	start_lighttpd
	sse_begin "$URL/*" "$T/s"
	echo b >>"$SPOOL/good"
	wait_line "$T/s" b
	same '{"channel":"bad","reason":"unknown","resumed":"oldest"}' \
		"$(texts "$T/s" spoolcast.gap | jq -r .)"
	get "$URL/bad"
	turned_away
}

# told_two_gaps FILE
told_two_gaps()
{
	[[ $(grep -c '^event: spoolcast.gap' "$1") == 2 ]]
}

@test "an id that was cut anywhere is told as a gap" {
	local id len
	printf '%s\n' 1 2 3 >"$SPOOL/news"
	echo x >"$SPOOL/other"
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/news,other" "$T/s"
	sse_close
	id=$(last_id "$T/s")
	for ((len = 1; len < ${#id}; len++)); do
		sse_begin "$URL/news,other" "$T/s$len" \
			-H "Last-Event-ID: ${id:0:len}"
		wait_for 10 told_two_gaps "$T/s$len"
		sse_close
	done
	sse_begin "$URL/news,other" "$T/whole" -H "Last-Event-ID: $id"
	echo 4 >>"$SPOOL/news"
	wait_line "$T/whole" 4
	same '' "$(texts "$T/whole" spoolcast.gap)"
}

@test "two channels whose names make one tag are told apart" {
	# These two do; it was searched for.
	echo a >"$SPOOL/user-6474"
	echo b >"$SPOOL/user-6713"
	start_lighttpd
	sse_begin "$URL/user-6474,user-6713" "$T/s1"
	sse_close
	echo more >>"$SPOOL/user-6474"
	echo again >>"$SPOOL/user-6713"
	sse_begin "$URL/user-6713,user-6474" "$T/s2" \
		-H "Last-Event-ID: $(last_id "$T/s1")"
	wait_line "$T/s2" more
	wait_line "$T/s2" again
	same '' "$(texts "$T/s2" spoolcast.gap)"
	same '"again","more"' \
		"$(texts "$T/s2" | tr , '\n' | sort | paste -sd,)"
}

@test "what was rotated away before it was seen is told as a gap" {
	rm "$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s1"
	sse_close
	echo lost >"$SPOOL/news"
	mv "$SPOOL/news" "$SPOOL/news.1"
	echo kept >"$SPOOL/news"
	sse_begin "$URL/news" "$T/s2" \
		-H "Last-Event-ID: $(last_id "$T/s1")"
	wait_line "$T/s2" kept
	same '{"channel":"news","reason":"expired","resumed":"oldest"}' \
		"$(texts "$T/s2" spoolcast.gap | jq -r .)"
}

@test "requests for what cannot be read do not fill the log" {
	local i
	truncate -s 100M "$SPOOL/bad"
	start_serve
	start_lighttpd_socket
	for i in {1..150}; do
		echo "url = \"$URL/bad?n=$i\""
	done >"$T/curlrc"
	curl -s -o /dev/null -K "$T/curlrc"
	(($(wc -l <"$T/serve.log") <= 210))
}
