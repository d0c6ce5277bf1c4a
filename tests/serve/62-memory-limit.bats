#!/usr/bin/env bats
# [limits] memory holds whatever the records, the types that are asked for and
# the viewers: what the responder has in memory at most stays within it and
# 16 MB for the program itself, and the viewer of another channel goes on.

load ../helpers/common

setup()
{
	common_setup
	BUILD=${SPOOLCAST%/*}
	[[ $BUILD != */asan ]] || skip "what is freed stays with ASan for a while"
	: >"$SPOOL/quiet"
	: >"$SPOOL/news"
}

teardown() { stop_all; }

OVERHEAD_KB=16384

# limit MEGABYTES [LINE...]: of the memory; a record may have 16 MB.
limit()
{
	LIMIT_KB=$(($1 * 1024))
	ini '[limits]' "memory = $1M" '[spool]' 'max_record = 16M' "${@:2}"
	start_serve
}

# begin OPTION...: the others ask as these options of beside say, and the probe
# gets its lines until end.
begin()
{
	background "$T/beside.err" timeout $((200 * ${WAIT_FACTOR:-1})) \
		"$BUILD/helpers/beside" --address "unix:$T/serve.sock" \
		--probe /quiet --file "$SPOOL/quiet" --every 10 --lines 200 \
		--within $((2000 * ${WAIT_FACTOR:-1})) --pid "$SERVE_PID" \
		--until "$T/until" "$@" >"$T/beside"
	BESIDE=$PID
	wait_for 60 grep -q ready "$T/beside"
}

# is_within: the limit holds until now.
is_within()
{
	local kb
	kb=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$SERVE_PID/status")
	echo "$kb kB, of $LIMIT_KB and $OVERHEAD_KB"
	((kb <= LIMIT_KB + OVERHEAD_KB))
}

# end: the limit held, and the probe has had all its lines.
end()
{
	touch "$T/until"
	wait_for 100 gone "$BESIDE"
	cat "$T/beside"
	is_within
	wait "$BESIDE"
}

# record BYTE: a line of nearly 16 MB of this, and one behind it.
record()
{
	head -c 16000000 /dev/zero | tr '\0' "$1"
	printf '\nafter\n'
}

# passes BYTE: a viewer who comes after the others has the line behind the record.
passes()
{
	background "$T/reader.err" "$BUILD/helpers/fcgi_peer" \
		"unix:$T/serve.sock" get --deadline 200 REQUEST_METHOD=GET \
		REQUEST_URI=/news HTTP_ACCEPT=text/event-stream >"$T/reader"
	READER=$PID
	wait_for 20 grep -q '^id: ' "$T/reader"
	record "$1" >>"$SPOOL/news"
	wait_for 60 has_line "$T/reader" after
	kill "$READER"
	wait_for 10 gone "$READER"
}

@test "20 who never read, each at other types, beside a line of 16 MB of CR" {
	limit 64
	begin --clients 20 --deaf --ask '/news?type=message,t#'
	passes '\r'
	end
}

@test "1,000 who never read, beside a line of 16 MB of CR" {
	limit 64
	begin --clients 1000 --deaf --ask /news
	passes '\r'
	end
}

@test "1,000 who read, beside a line of 16 MB of CR" {
	limit 64
	begin --clients 1000 --ask /news
	passes '\r'
	end
}

@test "20 who read, each at other types, beside a line of 16 MB of CR" {
	limit 64
	begin --clients 20 --ask '/news?type=message,t#'
	passes '\r'
	end
}

@test "one who reads a line of 16 MB of CR that cannot be in memory skips it" {
	limit 64
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s"
	record '\r' >>"$SPOOL/news"
	wait_for 60 has_line "$T/s" after
	is_within
	# Its size, not a part of it, is what came.
	same 1 "$(grep -c '^event: spoolcast.skipped' "$T/s")"
	same '"after"' "$(texts "$T/s")"
	same 15999999 "$(texts "$T/s" spoolcast.skipped | jq -r . |
		jq .size)"
}

@test "20 who read a line of 16 MB, each at other types, have it one by one" {
	limit 64
	begin --clients 20 --ask '/news?type=message,t#' --bytes 320000000
	record x >>"$SPOOL/news"
	end
}

@test "20 who never read a line of 16 MB, each at other types, or read it" {
	limit 64
	begin --clients 20 --deaf --ask '/news?type=message,t#'
	passes x
	end
}

@test "sending a line of 16 MB takes four times its size beyond the batch" {
	limit 256
	begin --clients 1 --ask /news --bytes 16000000
	record x >>"$SPOOL/news"
	# The batch is 16 MB, too.
	LIMIT_KB=$((5 * 16 * 1024))
	end
}

@test "a line of 16 MB of CR takes four times its size beyond the batch" {
	limit 512
	begin --clients 1 --ask /news --bytes 95000000 --within 20000
	record '\r' >>"$SPOOL/news"
	# Each CR is a field of its own in the batch, "data:" and LF.
	LIMIT_KB=$(((4 + 6) * 16 * 1024))
	end
}

@test "records of more than half the limit are skipped at two places at once" {
	limit 8
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s"
	sse_begin "$URL/news?type=none" "$T/s2"
	for _ in 1 2 3 4; do
		head -c 5000000 /dev/zero | tr '\0' x >>"$SPOOL/news"
		echo >>"$SPOOL/news"
	done
	echo after >>"$SPOOL/news"
	wait_for 20 has_line "$T/s" after
	same 4 "$(grep -c '^event: spoolcast.skipped' "$T/s")"
}

# many N: there may be so many open files.
many()
{
	(($(ulimit -Hn) > $1)) || skip "needs $1 open files (ulimit -Hn)"
	ulimit -Sn "$(ulimit -Hn)"
}

# names PREFIX: 32 that do not exist, with # in each.
names()
{
	printf '%s,' "$1"-{1..31}-#
	printf '%s' "$1-32-#"
}

@test "4,000 who wait for 32 channels each that do not exist" {
	many 4100
	limit 8
	begin --clients 4000 --deaf --ask "/$(names none)"
	end
	# Who came when it was full was told so.
	grep -q 'event=refused reason="full: \[limits\] memory"' \
		"$T/serve.log"
}

@test "4,000 who wait for the same 32 channels that do not exist" {
	many 4100
	limit 8
	begin --clients 4000 --deaf --ask "/$(names none | tr -d '#')"
	end
}
