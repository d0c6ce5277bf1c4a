#!/usr/bin/env bats
# Segments that were rotated away, by whoever did it: a stream crosses any
# number of them, and an id in any that is kept resumes exactly.

load ../helpers/common
load ../helpers/rotation

setup() { common_setup; }
teardown() { stop_all; }

@test "a stream goes on in the new file" {
	seq 3 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" 3
	rotate news
	seq 4 6 >>"$SPOOL/news"
	wait_line "$T/s" 6
	rotate news
	echo 7 >>"$SPOOL/news"
	wait_line "$T/s" 7
	same "$(numbers 1 7)" "$(texts "$T/s")"
	no_gap "$T/s"
}

@test "who writes to the file that was rotated is still heard" {
	echo 1 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" 1
	exec 5>>"$SPOOL/news"
	rotate news
	echo 2 >>"$SPOOL/news"
	wait_line "$T/s" 2
	echo 3 >&5
	wait_line "$T/s" 3
	echo 4 >>"$SPOOL/news"
	wait_line "$T/s" 4
	echo 5 >&5
	exec 5>&-
	wait_line "$T/s" 5
	same "$(numbers 1 5)" "$(texts "$T/s")"
	no_gap "$T/s"
	# Each of these ids says how far both files were read.
	for n in 1 2 3 4; do
		sse_begin "$URL/news" "$T/s$n" \
			-H "Last-Event-ID: $(id_of "$T/s" $n)"
		wait_line "$T/s$n" 5
		sse_close
		no_gap "$T/s$n"
	done
	same "$(numbers 2 5)" "$(texts "$T/s1" | tr , '\n' | sort |
		paste -sd ,)"
	same "$(numbers 3 5)" "$(texts "$T/s2" | tr , '\n' | sort |
		paste -sd ,)"
	same '"5","4"' "$(texts "$T/s3")"
	same '"5"' "$(texts "$T/s4")"
}

# unheard TIMES: the log says so often that somebody writes where nobody reads.
unheard()
{
	(($(grep -c 'warn event=unheard-writer channel=news .*remedy=' \
		"$T/spoolcast.log") == $1))
}

# write_behind CHANNELS LINES: so many lines are written to the rotated news
# while a viewer of CHANNELS is away; what it gets then is in $T/late.
write_behind()
{
	echo begin >"$SPOOL/news"
	exec 5>>"$SPOOL/news"
	sse_begin "$URL/$1?history=all" "$T/s"
	wait_line "$T/s" begin
	rotate news
	echo new >>"$SPOOL/news"
	wait_line "$T/s" new
	sse_close
	# Lengths that hide how many there are: any might be an end.
	seq -f 'old %058.0f' "$2" >&5
	exec 5>&-
	echo last >>"$SPOOL/news"
	sse_begin "$URL/$1" "$T/late" -H "Last-Event-ID: $(last_id "$T/s")"
	wait_line "$T/late" last
	sse_close
	rm "$SPOOL"/news*
}

@test "however much that one writes while a viewer is away, it is heard" {
	local channels
	start_lighttpd
	for channels in news news,a news,a,b; do
		write_behind "$channels" 5000
		no_gap "$T/late"
		same 5001 "$(grep -c '^data: ' "$T/late")"
	done
}

@test "with so many channels that an id has no room it is heard, or told as a gap" {
	start_lighttpd
	# 340 lines are within what an id always says, 5000 are not.
	write_behind news,a,b,c,d 340
	no_gap "$T/late"
	same 341 "$(grep -c '^data: ' "$T/late")"
	write_behind news,a,b,c,d 5000
	same '{"channel":"news","reason":"replaced","resumed":"oldest"}' \
		"$(texts "$T/late" spoolcast.gap | jq -r .)"
	same 5003 "$(grep -c '^data: [^{]' "$T/late")"
}

@test "who writes to where nobody reads any more is told of in the log" {
	echo 1 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/s"
	exec 5>>"$SPOOL/news"
	rotate news
	echo 2 >>"$SPOOL/news"
	wait_line "$T/s" 2
	unheard 0
	rotate news
	echo 3 >>"$SPOOL/news"
	wait_line "$T/s" 3
	wait_for 10 unheard 1
	# Removed, it is no better.
	exec 5>>"$SPOOL/news"
	rm "$SPOOL/news"
	echo 4 >>"$SPOOL/news"
	wait_line "$T/s" 4
	wait_for 10 unheard 2
	exec 5>&-
}

@test "who rotates and keeps none is no such writer" {
	local n
	ini 'keep = 0'
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	for n in {1..30}; do
		"$SPOOLCAST" publish news "$n"
		"$SPOOLCAST" rotate news
	done
	echo end >>"$SPOOL/news"
	wait_line "$T/s" end
	unheard 0
}

@test "an id in any segment that is kept resumes exactly" {
	start_lighttpd
	sse_begin "$URL/news" "$T/all"
	for n in 1 2 3 4 5; do
		seq $((n * 10 - 9)) $((n * 10)) >>"$SPOOL/news"
		wait_line "$T/all" $((n * 10))
		((n == 5)) || rotate news
	done
	no_gap "$T/all"
	same "$(numbers 1 50)" "$(texts "$T/all")"
	for n in 1 9 10 11 25 39 40 49; do
		sse_begin "$URL/news" "$T/s$n" \
			-H "Last-Event-ID: $(id_of "$T/all" $n)"
		wait_line "$T/s$n" 50
		sse_close
		same "$(numbers $((n + 1)) 50)" "$(texts "$T/s$n")"
		no_gap "$T/s$n"
	done
}

@test "history reaches back through segments" {
	for n in 1 2 3; do
		seq $((n * 10 - 9)) $((n * 10)) >>"$SPOOL/news"
		((n == 3)) || rotate news
	done
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/all"
	wait_line "$T/all" 30
	same "$(numbers 1 30)" "$(texts "$T/all")"
	for n in 1 10 11 25 30 31; do
		sse_begin "$URL/news?history=$n" "$T/s$n"
		wait_line "$T/s$n" 30
		sse_close
		same "$(numbers $((n > 30 ? 1 : 31 - n)) 30)" "$(texts "$T/s$n")"
	done
}

@test "blocks are rotated like lines" {
	printf 'data: 1\n\n' >"$SPOOL/deploy.sse"
	start_lighttpd
	sse_begin "$URL/deploy?history=all" "$T/s"
	wait_line "$T/s" 1
	rotate deploy.sse 2>/dev/null || mv "$SPOOL/deploy.sse" \
		"$SPOOL/deploy.sse.1"
	printf 'data: 2\n\n' >>"$SPOOL/deploy.sse"
	wait_line "$T/s" 2
	same '"1","2"' "$(texts "$T/s")"
	sse_begin "$URL/deploy" "$T/again" \
		-H "Last-Event-ID: $(id_of "$T/s" 1)"
	wait_line "$T/again" 2
	same '"2"' "$(texts "$T/again")"
}

@test "a segment that is no longer kept is told as expired" {
	start_lighttpd
	sse_begin "$URL/news" "$T/all"
	for n in 1 2 3; do
		echo $n >>"$SPOOL/news"
		wait_line "$T/all" $n
		((n == 3)) || rotate news
	done
	rm "$SPOOL/news.2"
	sse_begin "$URL/news" "$T/s" -H "Last-Event-ID: $(id_of "$T/all" 1)"
	wait_line "$T/s" 3
	same '"2","3"' "$(texts "$T/s")"
	same '{"channel":"news","reason":"expired","resumed":"oldest"}' \
		"$(texts "$T/s" spoolcast.gap | jq -r .)"
	# Whoever rotates has just made room, and is not done.
	mv "$SPOOL/news.1" "$SPOOL/news.2"
	sse_begin "$URL/news" "$T/s" -H "Last-Event-ID: $(id_of "$T/all" 1)"
	wait_line "$T/s" 3
	same '{"channel":"news","reason":"expired","resumed":"oldest"}' \
		"$(texts "$T/s" spoolcast.gap | jq -r .)"
}

@test "a segment that is missing between others is told as expired" {
	seq 2 >"$SPOOL/news"
	rotate news
	seq 3 4 >"$SPOOL/news"
	rotate news
	seq 5 6 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/all"
	wait_line "$T/all" 6
	rm "$SPOOL/news.1"
	sse_begin "$URL/news" "$T/s" -H "Last-Event-ID: $(id_of "$T/all" 1)"
	wait_line "$T/s" 6
	same '"2","5","6"' "$(texts "$T/s")"
	same '{"channel":"news","reason":"expired","resumed":"oldest"}' \
		"$(texts "$T/s" spoolcast.gap | jq -r .)"
}

@test "a half-written line is ended in the file it was begun in" {
	printf '1\n2' >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" 1
	exec 5>>"$SPOOL/news"
	rotate news
	echo 3 >>"$SPOOL/news"
	wait_line "$T/s" 3
	echo 0 >&5
	exec 5>&-
	wait_line "$T/s" 20
	same '"1","3","20"' "$(texts "$T/s")"
	no_gap "$T/s"
}

@test "a rotation that was killed is completed by who reads" {
	local step
	for n in 1 2 3; do
		seq $((n * 2 - 1)) $((n * 2)) >"$SPOOL/news"
		((n == 3)) || rotate news
	done
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/all"
	wait_line "$T/all" 6
	# Once with a number missing, once without the newest.
	for step in 2 3; do
		ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 run strace -qq \
			-o "$T/trace" -e trace=renameat,renameat2 -e \
			"inject=renameat,renameat2:signal=KILL:when=$step" \
			"$SPOOLCAST" rotate news
		((status == 137))
		sse_begin "$URL/news" "$T/s$step" \
			-H "Last-Event-ID: $(id_of "$T/all" 1)"
		echo "after $step" >>"$SPOOL/news"
		wait_line "$T/s$step" "after $step"
		wait_line "$T/all" "after $step"
		no_gap "$T/s$step"
	done
	no_gap "$T/all"
	same '"1","2","3","4","5","6","after 2","after 3"' \
		"$(texts "$T/all")"
}

@test "rotated more than once before anybody looks, nothing waits for a new file" {
	echo 1 >"$SPOOL/news"
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" 1
	kill -STOP "$SERVE_PID"
	rotate news
	echo 2 >"$SPOOL/news"
	rotate news
	echo 3 >"$SPOOL/news"
	rotate news
	kill -CONT "$SERVE_PID"
	wait_line "$T/s" 3
	echo 4 >"$SPOOL/news"
	wait_line "$T/s" 4
	same "$(numbers 1 4)" "$(texts "$T/s")"
	no_gap "$T/s"
}
