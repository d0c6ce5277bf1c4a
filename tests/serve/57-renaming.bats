#!/usr/bin/env bats
# Rotation is one renaming after another: between any two of them, with one
# number or the newest missing, all is there.

load ../helpers/common
load ../helpers/rotation

setup() { common_setup; }
teardown() { stop_all; }

@test "between two steps of a rotation nothing is told as lost" {
	seq 3 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/all"
	wait_line "$T/all" 3
	rotate news
	# There is no file of that name now: who comes back waits at the end.
	sse_begin "$URL/news" "$T/s" -H "Last-Event-ID: $(id_of "$T/all" 2)"
	wait_line "$T/s" 3
	sse_begin "$URL/news" "$T/new"
	seq 4 5 >>"$SPOOL/news"
	wait_line "$T/s" 5
	wait_line "$T/all" 5
	wait_line "$T/new" 5
	same "$(numbers 1 5)" "$(texts "$T/all")"
	same "$(numbers 3 5)" "$(texts "$T/s")"
	same "$(numbers 4 5)" "$(texts "$T/new")"
	no_gap "$T/all"
	no_gap "$T/s"
	no_gap "$T/new"
}

@test "between two steps of a rotation the oldest is still the oldest" {
	echo 1 >"$SPOOL/news.3"
	echo 2 >"$SPOOL/news.2"
	echo 3 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s" -H 'Last-Event-ID: nonsense'
	wait_line "$T/s" 2
	mv "$SPOOL/news" "$SPOOL/news.1"
	echo 4 >"$SPOOL/news"
	wait_line "$T/s" 4
	same '"1","2","3","4"' "$(texts "$T/s")"
	same 1 "$(grep -c '^event: spoolcast.gap' "$T/s")"
}

# seen: the responder has looked at all that was done in the spool.
seen()
{
	BEATS=$((${BEATS:-0} + 1))
	echo "$BEATS" >>"$SPOOL/beat"
	wait_line "$T/beat" "$BEATS"
}

# at_each_step STEP: three more viewers come, all at once.
at_each_step()
{
	local after
	sse_open "$URL/news" "$D/$1-1" -H "Last-Event-ID: $AFTER_1"
	sse_open "$URL/news" "$D/$1-3" -H "Last-Event-ID: $AFTER_3"
	sse_open "$URL/news?history=all" "$D/$1-history"
	for after in 1 3 history; do
		wait_for 10 grep -q '^id: ' "$D/$1-$after"
	done
}

# two_steps: fails where the first took so long that it counted as all.
two_steps()
{
	local start
	rm -f "$SPOOL/news"*
	D=$(mktemp -d "$T/try.XXXX")
	echo 1 >"$SPOOL/news"
	sse_begin "$URL/news?history=all" "$D/all"
	wait_line "$D/all" 1
	rotate news
	exec 5>>"$SPOOL/news.1"
	echo 3 >"$SPOOL/news"
	wait_line "$D/all" 3
	echo 2 >&5
	exec 5>&-
	wait_line "$D/all" 2
	AFTER_1=$(id_of "$D/all" 1)
	AFTER_3=$(id_of "$D/all" 3)
	mv "$SPOOL/news.1" "$SPOOL/news.2"
	start=${EPOCHREALTIME/./}
	seen
	at_each_step hole
	((${EPOCHREALTIME/./} - start < 2000000)) || return
	mv "$SPOOL/news" "$SPOOL/news.1"
	seen
	at_each_step newest
	echo 4 >"$SPOOL/news"
}

@test "who comes between two steps gets all that is kept, late lines too" {
	start_lighttpd
	: >"$SPOOL/beat"
	sse_begin "$URL/beat" "$T/beat"
	# Two seconds after a renaming it counts as over.
	wait_for 30 two_steps
	for stream in all hole-{1,3,history} newest-{1,3,history}; do
		wait_line "$D/$stream" 4
		no_gap "$D/$stream"
	done
	same '"1","3","2","4"' "$(texts "$D/all")"
	for step in hole newest; do
		same '"2","3","4"' "$(texts "$D/$step-1")"
		same '"2","4"' "$(texts "$D/$step-3")"
		same '"1","2","3","4"' "$(texts "$D/$step-history")"
	done
}

# all_is_told: who comes first of all between two steps gets what is kept.
all_is_told()
{
	rm -f "$SPOOL/news"*
	for n in 1 2 3; do
		echo "$n" >"$SPOOL/news.$((4 - n))"
	done
	echo 4 >"$SPOOL/news"
	mv "$SPOOL/news.3" "$SPOOL/news.4"
	mv "$SPOOL/news.2" "$SPOOL/news.3"
	mv "$SPOOL/news.1" "$SPOOL/news.2"
	sse_begin "$URL/news?history=all" "$T/new"
	mv "$SPOOL/news" "$SPOOL/news.1"
	wait_line "$T/new" 4
	sse_close
	[[ $(texts "$T/new") == "$(numbers 1 4)" ]] && no_gap "$T/new"
}

@test "a process that starts between two steps knows all that is kept" {
	start_lighttpd_cgi
	# Two seconds after a renaming it counts as over; a busy machine may
	# need as long to start the process.
	wait_for 20 all_is_told
}

is_stopped()
{
	[[ $(sed 's/.*) //; s/ .*//' "/proc/$SERVE_PID/stat") == T ]]
}

# unseen COMMAND: done in the spool before the responder looks.
unseen()
{
	kill -STOP "$SERVE_PID"
	wait_for 10 is_stopped
	(cd "$SPOOL" && eval "$1")
	kill -CONT "$SERVE_PID"
	seen
}

@test "what came behind a removed file is read where it is, or told of" {
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/beat" "$T/beat"
	echo 1 >"$SPOOL/news"
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" 1
	rm "$SPOOL/news"
	seen
	unseen 'echo 2 >news; mv news news.1'
	wait_line "$T/s" 2
	rm "$SPOOL/news.1"
	seen
	echo 3 >"$SPOOL/news"
	wait_line "$T/s" 3
	no_gap "$T/s"
	rm "$SPOOL/news"
	seen
	unseen 'echo 4 >news; rm news'
	echo 5 >"$SPOOL/news"
	wait_line "$T/s" 5
	same '"1","2","3","5"' "$(texts "$T/s")"
	same '{"channel":"news","reason":"replaced","resumed":"oldest"}' \
		"$(texts "$T/s" spoolcast.gap | jq -r .)"
}
