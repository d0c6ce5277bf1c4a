#!/usr/bin/env bats
# A spool on files where each look takes long, as over a network: whatever is
# asked for is found, however little can be done in one slice.

load ../helpers/common

setup()
{
	common_setup
	echo one >"$SPOOL/news.2"
	echo two >"$SPOOL/news.1"
	echo three >"$SPOOL/news"
}

teardown()
{
	# strace takes no signal while it has somebody to trace.
	[[ -z ${SERVE_PID:-} ]] || pkill -TERM -P "$SERVE_PID" || true
	stop_all
}

# start_slow: a responder to whom opening a file, asking which it is, reading it
# or listing a folder takes longer than a slice.
start_slow()
{
	local calls=openat,newfstatat,statx,pread64,getdents64,linkat,renameat
	start_serve strace -f -qq -o "$T/strace" -e "trace=$calls" \
		-e "inject=$calls:delay_exit=3000"
	start_lighttpd_socket
}

@test "history from older segments is found on slow files" {
	start_slow
	sse_open "$URL/news?history=all" "$T/s"
	wait_line "$T/s" three
	same '"one","two","three"' "$(texts "$T/s")"
}

@test "a stream begins at the end of a slow file" {
	start_slow
	sse_open "$URL/news" "$T/s"
	wait_for 20 grep -q '^id: ' "$T/s"
	echo four >>"$SPOOL/news"
	wait_line "$T/s" four
	same '"four"' "$(texts "$T/s")"
}

@test "who is refused gets the id of now on slow files" {
	echo else >"$SPOOL/more"
	ini '[limits]' 'streams_per_address = 1'
	start_slow
	sse_open "$URL/news,more" "$T/s"
	wait_for 20 grep -q '^id: ' "$T/s"
	get "$URL/news,more" -H 'Accept: text/event-stream'
	grep -q '^: full: ' "$BODY"
	same "$(last_id "$T/s")" "$(last_id "$BODY")"
	[[ -n $(last_id "$BODY") ]]
}

@test "an id in an older segment is resumed on slow files" {
	local id
	id=$(REQUEST_METHOD=GET REQUEST_URI='/news?history=all' \
		HTTP_ACCEPT=text/event-stream timeout 5 "$SPOOLCAST" \
		2>>"$T/cgi.log" | tr -d '\r' | grep -A1 '^data: one' |
		sed -n 's/^id: //p')
	[[ -n $id ]]
	start_slow
	sse_open "$URL/news" "$T/s" -H "Last-Event-ID: $id"
	wait_line "$T/s" three
	same '"two","three"' "$(texts "$T/s")"
}

@test "a rotation while somebody listens is followed on slow files" {
	start_slow
	sse_open "$URL/news" "$T/s"
	wait_for 20 grep -q '^id: ' "$T/s"
	mv "$SPOOL/news" "$SPOOL/news.0"
	echo four >>"$SPOOL/news.0"
	mv "$SPOOL/news.2" "$SPOOL/news.3"
	mv "$SPOOL/news.1" "$SPOOL/news.2"
	mv "$SPOOL/news.0" "$SPOOL/news.1"
	echo five >"$SPOOL/news"
	wait_line "$T/s" five
	same '"four","five"' "$(texts "$T/s")"
}

@test "what is wanted is found behind much that is not, on slow files" {
	seq -f 'line %.0f, which nobody wants' 20000 >"$SPOOL/big.sse.tmp"
	{
		sed 's/^/event: no\ndata: /; s/$/\n/' "$SPOOL/big.sse.tmp"
		head -c 60000 /dev/zero | tr '\0' x | sed 's/^/data: /'
		printf '\n\nevent: yes\ndata: here\n\n'
	} >"$SPOOL/big.sse"
	start_slow
	sse_open "$URL/big?history=all&type=yes" "$T/s"
	wait_for 30 grep -q '^data: here' "$T/s"
}

@test "a drop folder is taken in order, and a pattern followed, on slow files" {
	local n
	mkdir "$SPOOL/jobs.d"
	for n in {1..9}; do
		echo "job $n" >"$SPOOL/jobs.d/$n"
	done
	start_slow
	sse_open "$URL/j*?history=all" "$T/s"
	wait_line "$T/s" 'job 9'
	same "$(printf ',"job %d"' {1..9} | cut -c 2-)" "$(texts "$T/s")"
	echo more >"$SPOOL/jewels"
	wait_line "$T/s" more
}
