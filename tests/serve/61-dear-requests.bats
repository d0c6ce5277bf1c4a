#!/usr/bin/env bats
# The dearest requests there are, asked by fifty at once and again and again:
# the viewer of another channel has each of its lines all the while.  And what
# such a request gets.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common
load ../helpers/rotation

setup()
{
	common_setup
	BUILD=${SPOOLCAST%/*}
	: >"$SPOOL/quiet"
}

teardown() { stop_all; }

# beside OPTION...: fifty ask as these options of beside say, for 600 lines of
# the probe at least, and until they have had 20 answers.  A line of the probe is
# to come within 20 ms; a machine that does other things, too, has 400 for it.
beside()
{
	# What looks for mistakes takes its time for that.
	[[ $SPOOLCAST != */asan/* ]] || skip "it is about time"
	start_serve
	timeout $((100 * ${WAIT_FACTOR:-1})) "$BUILD/helpers/beside" \
		--address "unix:$T/serve.sock" --probe /quiet \
		--file "$SPOOL/quiet" --within 400 \
		--clients 50 --again --quiet 300 --answers 20 --lines 600 "$@"
	kill "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
}

# Records of 60 kB: so many lines.
large_lines()
{
	perl -e 'print "x" x 61439, "\n" for 1 .. $ARGV[0]' "$1"
}

# Blocks of as much that nobody gets any more.
expired_blocks()
{
	perl -e 'print "expires: 1\ndata: ", "x" x 61400, "\n\n"
		for 1 .. $ARGV[0]' "$1"
}

# repeat BYTES TEXT: so many bytes of it.
repeat()
{
	yes "$2" | head -c "$1"
}

@test "a history of records of 60 kB" {
	large_lines 1100 >"$SPOOL/news"
	beside --head --ask '/news?history=1000'
	beside --ask '/news?history=1000&type=none'
}

@test "a history of blank lines" {
	repeat 100000000 '' >"$SPOOL/news"
	beside --head --ask '/news?history=1000'
	beside --ask '/news?history=1000'
}

@test "a history of comments" {
	repeat 100000000 $': nothing\n' >"$SPOOL/news.sse"
	beside --head --ask '/news?history=1000'
	beside --ask '/news?history=1000'
}

@test "a history of 32 channels of blank lines, asked for by a pattern" {
	local n
	repeat 20000000 '' >"$SPOOL/blank-1"
	for n in {2..32}; do
		ln "$SPOOL/blank-1" "$SPOOL/blank-$n"
	done
	beside --head --ask '/blank-*?history=1000'
	beside --ask '/blank-*?history=1000'
}

@test "a history with one record in each of 1,000 segments" {
	local n
	echo 0 >"$SPOOL/news"
	for n in {1..999}; do
		echo "$n" >"$SPOOL/news.$n"
	done
	beside --head --ask '/news?history=1000'
	beside --ask '/news?history=1000'
}

@test "a history with holes of a sparse file" {
	local n
	seq 10 >"$SPOOL/news"
	for n in {1..60}; do
		truncate -s "${n}M" "$SPOOL/news"
		echo >>"$SPOOL/news"
	done
	beside --head --ask '/news?history=1000'
	beside --ask '/news?history=1000&type=none'
}

@test "passing over records of 60 kB by their type" {
	large_lines 5000 >"$SPOOL/news"
	beside --ask '/news?type=none&lastEventId=x'
	# Each at a feed of its own.
	beside --ask '/news?type=none,t#&lastEventId=x'
}

@test "passing over records of 60 kB that have expired" {
	expired_blocks 5000 >"$SPOOL/news.sse"
	beside --ask '/news?lastEventId=x'
	beside --ask '/news?history=1000'
}

@test "passing over blank lines and comments" {
	repeat 200000000 '' >"$SPOOL/news"
	repeat 200000000 $': nothing\n' >"$SPOOL/deploy.sse"
	beside --ask '/news?lastEventId=x'
	beside --ask '/deploy?lastEventId=x'
}

@test "passing over holes of a sparse file" {
	local n
	for n in {1..1000}; do
		truncate -s "${n}M" "$SPOOL/news"
		echo >>"$SPOOL/news"
	done
	beside --ask '/news?type=none&lastEventId=x'
}

# --- what they get ----------------------------------------------------------

@test "a history has its records, however many blank lines are behind them" {
	seq 1000 >"$SPOOL/news"
	repeat 30000000 '' >>"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=1000" "$T/s"
	wait_line "$T/s" 1000
	same "$(numbers 1 1000)" "$(texts "$T/s")"
	run grep '^: .*history' "$T/s"
	((status == 1))
}

@test "a history that costs more than it may is shorter, and says so" {
	seq 1000 >"$SPOOL/news"
	repeat 70000000 '' >>"$SPOOL/news"
	seq 1001 1003 >>"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=1000" "$T/s"
	wait_line "$T/s" 1003
	same "$(numbers 1001 1003)" "$(texts "$T/s")"
	same '' "$(texts "$T/s" spoolcast.gap)"
	grep '^: .*history' "$T/s" | grep -q '\[limits\] resume_bytes'
}

@test "what a history may cost is for all channels together" {
	local n
	for n in 1 2 3 4 5; do
		echo "old $n" >"$SPOOL/news-$n"
		repeat 20000000 '' >>"$SPOOL/news-$n"
		echo "new $n" >>"$SPOOL/news-$n"
	done
	start_lighttpd
	sse_begin "$URL/news-*?history=2" "$T/s"
	for n in 1 2 3 4 5; do
		wait_line "$T/s" "new $n"
	done
	# Who looked first has had it all, who looked last has not.
	grep '^: .*history' "$T/s" | grep -q '\[limits\] resume_bytes'
	same '' "$(texts "$T/s" spoolcast.gap)"
	(($(grep -c '^data: old' "$T/s") < 5))
}

@test "what a history may cost can be set, and 0 is no limit" {
	seq 10 >"$SPOOL/news"
	repeat 200000 '' >>"$SPOOL/news"
	echo 11 >>"$SPOOL/news"
	ini '[limits]' 'resume_bytes = 64K'
	start_lighttpd
	sse_begin "$URL/news?history=11" "$T/s1"
	wait_line "$T/s1" 11
	same '"11"' "$(texts "$T/s1")"
	kill "$LIGHTTPD_PID"
	wait_for 10 gone "$LIGHTTPD_PID"
	ini '[limits]' 'resume_bytes = 0'
	start_lighttpd
	sse_begin "$URL/news?history=11" "$T/s2"
	wait_line "$T/s2" 11
	same "$(numbers 1 11)" "$(texts "$T/s2")"
}

@test "a stream begins although no record ends within what may be read" {
	echo one >"$SPOOL/news"
	head -c 3000000 /dev/zero | tr '\0' x >>"$SPOOL/news"
	cp "$SPOOL/news" "$SPOOL/other"
	ini '[spool]' 'max_record = 16M' '[limits]' 'resume_bytes = 64K'
	start_lighttpd
	sse_begin "$URL/news,other?history=5" "$T/s"
	printf '\nlast\n' >>"$SPOOL/other"
	wait_line "$T/s" last
}

@test "a resume that costs more than it may is told as lost" {
	local n id
	for n in {400..1}; do
		echo "$n" >"$SPOOL/news.$n"
	done
	echo 0 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/s1"
	wait_line "$T/s1" 0
	sse_close
	id=$(sed -n 's/^id: //p' "$T/s1" | sed -n 2p)
	kill "$LIGHTTPD_PID"
	wait_for 10 gone "$LIGHTTPD_PID"
	ini '[limits]' 'resume_bytes = 64K'
	start_lighttpd
	sse_begin "$URL/news" "$T/s2" -H "Last-Event-ID: $id"
	wait_line "$T/s2" 0
	same unknown "$(texts "$T/s2" spoolcast.gap | jq -r . | jq -r .reason)"
	run grep '^: .*history' "$T/s2"
	((status == 1))
}

@test "HEAD says where the end is, whatever history it asks for" {
	seq 10 >"$SPOOL/news"
	start_lighttpd
	get "$URL/news?history=5" -I
	same 200 "$STATUS"
	sse_begin "$URL/news" "$T/s" \
		-H "Last-Event-ID: $(header Last-Event-ID)"
	echo 11 >>"$SPOOL/news"
	wait_line "$T/s" 11
	same '"11"' "$(texts "$T/s")"
}

@test "HEAD is refused as GET is where the budget is used up" {
	: >"$SPOOL/news"
	ini '[limits]' 'streams_per_address = 1'
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	get "$URL/news"
	grep -q '^: full: \[limits\] streams_per_address' "$BODY"
	get "$URL/news" -I
	same 200 "$STATUS"
	same '' "$(header Last-Event-ID)"
	grep -q 'event=refused.*streams_per_address' "$T/spoolcast.log"
	sse_close
}
