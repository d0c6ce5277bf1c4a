#!/usr/bin/env bats
# The right to read is lost while streams are open, and comes back.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common

setup()
{
	common_setup
	# Soon after a viewer has gone nothing of it is kept.
	ini '[stream]' 'heartbeat = 200ms'
	# Not even root may read all without these capabilities.
	limited=()
	((EUID != 0)) ||
		limited=(setpriv "--bounding-set=-dac_override,-dac_read_search")
	seq 3 >"$SPOOL/news"
	start_serve "${limited[@]}"
	start_lighttpd_socket
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" 3
	# Like a writer that keeps its log open.
	exec 8>>"$SPOOL/news"
}

teardown()
{
	exec 8>&-
	chmod 755 "$SPOOL"
	stop_all
}

refused()
{
	# What is not refused is a stream, and does not end.
	get "$URL/$1" --max-time 2 2>>"$T/refused.log" || return 1
	turned_away
}

# goes_on LINE: it comes, to who is there and to who comes back, and neither is
# told of a gap; the lines are the numbers up to it.
goes_on()
{
	wait_for 20 has_line "$T/s" "$1"
	same "$(seq -s , -f '"%g"' "$1")" "$(texts "$T/s")"
	same '' "$(texts "$T/s" spoolcast.gap)"
	sse_begin "$URL/news" "$T/again" -H "Last-Event-ID: $FIRST"
	wait_for 20 has_line "$T/again" "$1"
	same '' "$(texts "$T/again" spoolcast.gap)"
	same "$(seq -s , -f '"%g"' 4 "$1")" "$(texts "$T/again")"
}

@test "permission lost and back: a file" {
	chmod 0 "$SPOOL/news"
	echo 4 >&8
	# Who has it open reads on.
	wait_line "$T/s" 4
	sse_close
	# Nobody has it open now, and to come back later is all there is to do.
	wait_for 30 refused news
	grep -q 'event=channel-unreadable channel=news' "$T/serve.log"
	grep -q "let the web server's user read it" "$T/serve.log"
	echo 5 >&8
	chmod 644 "$SPOOL/news"
	sse_begin "$URL/news" "$T/back" -H "Last-Event-ID: $(last_id "$T/s")"
	wait_line "$T/back" 5
	same '"5"' "$(texts "$T/back")"
}

@test "permission lost and back: the file that comes after a rotation" {
	FIRST=$(last_id "$T/s")
	: >"$T/next"
	chmod 200 "$T/next"
	mv "$SPOOL/news" "$SPOOL/news.1"
	mv "$T/next" "$SPOOL/news"
	echo 4 >>"$SPOOL/news"
	wait_for 20 grep -q 'event=channel-unreadable channel=news' \
		"$T/serve.log"
	# The one before is still listened to.
	chmod 644 "$SPOOL/news"
	goes_on 4
	echo 5 >>"$SPOOL/news"
	wait_line "$T/again" 5
}

@test "permission lost and back: the whole spool" {
	FIRST=$(last_id "$T/s")
	chmod 0 "$SPOOL"
	echo 4 >&8
	wait_line "$T/s" 4
	wait_for 20 refused other
	grep -q 'event=spool-unreadable\|event=channel-unreadable' \
		"$T/serve.log"
	echo 5 >&8
	chmod 755 "$SPOOL"
	goes_on 5
	mv "$SPOOL/news" "$SPOOL/news.1"
	echo 6 >"$SPOOL/news"
	wait_for 20 has_line "$T/s" 6
}
