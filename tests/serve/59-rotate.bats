#!/usr/bin/env bats
# Rotation by responders, where max_size or max_age say so; and streams that go
# on whoever of us rotates.

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

serve()
{
	start_serve
	start_lighttpd_socket
}

# numbers FROM TO: as texts prints them.
numbers()
{
	seq -s , -f '"%g"' "$1" "$2"
}

# whole FILE LAST: every number up to LAST has come, in order, and no gap.
whole()
{
	same "$(numbers 1 "$2")" "$(texts "$1" | sed 's/ x*"/"/g')"
	same '' "$(texts "$1" spoolcast.gap)"
}

# wide NUMBER: a line of 1000 bytes and more that begins with it.
wide()
{
	printf '%s %s\n' "$1" "$(printf '%0999d' 0 | tr 0 x)"
}

# wait_wide FILE NUMBER: that line has come.
wait_wide()
{
	wait_for 10 grep -q "^data: $2 x" "$1"
}

is_file() { [[ -f $SPOOL/$1 ]]; }

# logged TEXT [COUNT]: so many lines of the log have it.
logged()
{
	(($(grep -cF -- "$1" "$T/serve.log") >= ${2:-1}))
}

@test "a responder rotates what its viewers see grow, and streams go on" {
	local i
	ini 'max_size = 4K' 'keep = 100'
	serve
	sse_begin "$URL/news" "$T/s"
	for i in {1..30}; do
		wide "$i" >>"$SPOOL/news"
		wait_wide "$T/s" "$i"
	done
	wait_for 10 is_file news.5
	whole "$T/s" 30
	# One line for each, and nothing else to say.
	each_logged()
	{
		same "$(find "$SPOOL" -name 'news.*' | wc -l)" \
			"$(grep -c 'event=rotated channel=news size=' \
				"$T/serve.log")" 2>/dev/null
	}
	wait_for 10 each_logged
	run grep -E 'error|warn|event=rotation' "$T/serve.log"
	((status == 1))
	# History and ids reach back across all of them.
	sse_begin "$URL/news?history=all" "$T/all"
	wait_wide "$T/all" 30
	whole "$T/all" 30
}

@test "what nobody watches is rotated, too, if a responder serves many" {
	ini 'max_size = 4K' '[channel small]' 'max_size = 0'
	head -c 5000 /dev/zero >"$SPOOL/news"
	head -c 5000 /dev/zero >"$SPOOL/deploy.sse"
	head -c 5000 /dev/zero >"$SPOOL/small"
	head -c 4000 /dev/zero >"$SPOOL/under"
	serve
	wait_for 10 is_file news.1
	wait_for 10 is_file deploy.sse.1
	wait_for 10 logged 'event=rotated channel=deploy size=5000'
	same 'deploy.sse deploy.sse.1 news news.1 small under' \
		"$(cd "$SPOOL" && echo *)"
}

@test "a channel that is silent is rotated when it is old" {
	ini 'max_age = 2s'
	echo 1 >"$SPOOL/news"
	serve
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" 1
	wait_for 20 is_file news.1
	echo 2 >>"$SPOOL/news"
	wait_for 20 is_file news.2
	# What is empty does not get old.
	wait_for 20 logged 'event=rotated channel=news size=2' 2
	same 0 "$(stat -c %s "$SPOOL/news")"
	echo 3 >>"$SPOOL/news"
	wait_line "$T/s" 3
	whole "$T/s" 3
}

@test "a pipe's journal is rotated, and its viewers get every line" {
	local i
	ini 'max_size = 4K' 'keep = 100'
	mkfifo "$SPOOL/alerts.fifo"
	serve
	sse_begin "$URL/alerts" "$T/s"
	for i in {1..30}; do
		wide "$i" >"$SPOOL/alerts.fifo"
		wait_wide "$T/s" "$i"
	done
	wait_for 10 is_file .spoolcast/alerts.fifo.log.5
	whole "$T/s" 30
}

@test "plain CGI rotates what its viewer sees grow" {
	local i
	ini 'max_size = 4K'
	start_lighttpd_cgi
	sse_begin "$URL/news" "$T/s"
	for i in {1..9}; do
		wide "$i" >>"$SPOOL/news"
		wait_wide "$T/s" "$i"
	done
	wait_for 10 is_file news.1
	whole "$T/s" 9
}

@test "nobody waits while somebody else holds the lock" {
	ini 'max_size = 4K'
	mkdir "$SPOOL/.spoolcast"
	exec 5>>"$SPOOL/.spoolcast/rotation"
	flock 5
	serve
	sse_begin "$URL/news" "$T/s"
	head -c 5000 /dev/zero | tr '\0' '\n' >>"$SPOOL/news"
	echo one >>"$SPOOL/news"
	wait_line "$T/s" one
	echo two >>"$SPOOL/news"
	wait_line "$T/s" two
	[[ ! -e $SPOOL/news.1 ]]
	# Those who were started meanwhile have it open, too.
	flock -u 5
	echo three >>"$SPOOL/news"
	wait_for 10 is_file news.1
	wait_line "$T/s" three
	same '"one","two","three"' "$(texts "$T/s")"
}

@test "what cannot be rotated is said once, and its viewers see nothing of it" {
	ini 'max_size = 4K'
	head -c 5000 /dev/zero | tr '\0' '\n' >"$SPOOL/news"
	ln "$SPOOL/news" "$T/other"
	serve
	wait_for 10 logged 'event=rotation-failed channel=news failed=1'
	logged 'problem="news also has another name (a hard link)'
	sse_begin "$URL/news" "$T/s"
	echo one >>"$SPOOL/news"
	wait_line "$T/s" one
	echo two >>"$SPOOL/news"
	wait_line "$T/s" two
	same 1 "$(grep -c event=rotation-failed "$T/serve.log")"
	same '"one","two"' "$(texts "$T/s")"
	rm "$T/other"
	"$SPOOLCAST" rotate
	is_file news.1
}
