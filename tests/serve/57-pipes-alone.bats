#!/usr/bin/env bats
# Named pipes where things are not as they should be: no room, no rights, no
# responder but CGI programs.

load ../helpers/common
load ../helpers/pipes

setup() { common_setup; }

teardown()
{
	stop_all
	if mountpoint -q "$SPOOL"; then
		umount "$SPOOL"
	fi
}

# small_spool: a spool with room for 1 MB.
small_spool()
{
	mount -t tmpfs -o size=1m spoolcast-test "$SPOOL" 2>"$T/mount.err" ||
		skip 'needs the right to mount a file system'
}

# fill: no room is left in the spool.
fill()
{
	cat /dev/zero >"$SPOOL/filler" 2>/dev/null || true
}

@test "disk full: the writer waits, and then nothing is missing" {
	small_spool
	mkfifo "$SPOOL/alerts.fifo"
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/alerts" "$T/s"
	say first
	wait_line "$T/s" first
	fill
	# More than what the rest of a page and a pipe hold.
	seq -f '%g: a line of those that come when the disk is full' 4000 \
		>"$T/lines"
	cat "$T/lines" >"$SPOOL/alerts.fifo" &
	local writer=$!
	wait_for 10 logged event=journal-full
	runs "$writer"
	rm "$SPOOL/filler"
	wait "$writer"
	wait_line "$T/s" "$(tail -n 1 "$T/lines")"
	same "$({ echo first && cat "$T/lines"; } | md5sum)" \
		"$(md5sum <"$SPOOL/$JOURNAL")"
	same 4001 "$(grep -c '^data: ' "$T/s")"
	same 1 "$(grep -c event=journal-full "$T/serve.log")"
	wait_for 10 logged event=source-works
}

# runs PID
runs()
{
	! gone "$1"
}

@test "what is still in a pipe is taken before a process ends" {
	small_spool
	mkfifo "$SPOOL/alerts.fifo"
	start_serve
	say first
	wait_for 10 journal_has 1
	fill
	seq 2 2000 >"$SPOOL/alerts.fifo"
	wait_for 10 logged event=journal-full
	# The next try would come in a second.
	kill -STOP "$SERVE_PID"
	rm "$SPOOL/filler"
	kill -TERM "$SERVE_PID"
	kill -CONT "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
	same "$({ echo first && seq 2 2000; } | md5sum)" \
		"$(md5sum <"$SPOOL/$JOURNAL")"
	# What cannot be taken is not lost without a word.
	start_serve
	fill
	seq 2000 >"$SPOOL/alerts.fifo"
	wait_for 10 logged event=journal-full
	kill "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
	logged 'event=pipe-left channel=alerts bytes='
}

# serve_as_nobody: a responder with no right in the spool but to read it.
serve_as_nobody()
{
	local other=()
	((EUID != 0)) || other=(setpriv --reuid=65534 --regid=65534
		--clear-groups)
	chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
	mkdir -m 0777 "$T/run"
	# Nobody may come to where it was built.
	cp "$SPOOLCAST" "$T/run/spoolcast"
	background "$T/serve.log" "${other[@]}" "$T/run/spoolcast" serve \
		--listen "unix:$T/run/serve.sock"
	SERVE_PID=$PID
}

@test "a spool that cannot be written: the log says so, and nobody is fooled" {
	mkfifo -m 0666 "$SPOOL/alerts.fifo"
	echo one >"$SPOOL/news"
	chmod 0555 "$SPOOL"
	serve_as_nobody
	wait_for 10 logged event=sources-refused
	logged 'remedy="let the web server'
	# Held by nobody: a writer is not told that it wrote.
	run timeout 1 bash -c "echo lost >'$SPOOL/alerts.fifo'"
	same 124 "$status"
	ln -s run/serve.sock "$T/serve.sock"
	start_lighttpd_socket
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" one
	same 1 "$(grep -c event=sources-refused "$T/serve.log")"
	# As soon as it can be written, all is well.
	chmod 0777 "$SPOOL"
	sse_begin "$URL/alerts" "$T/s"
	say two
	wait_line "$T/s" two
}

@test "a pipe that we may not read: the log says so until we may" {
	mkfifo -m 0600 "$SPOOL/alerts.fifo"
	chmod 0777 "$SPOOL"
	((EUID == 0)) || chmod 0 "$SPOOL/alerts.fifo"
	serve_as_nobody
	wait_for 10 logged 'event=source-refused channel=alerts'
	chmod 0666 "$SPOOL/alerts.fifo"
	say one
	wait_for 10 journal_has 1
}

@test "what is in the place of the journal is not written to, and named" {
	mkfifo "$SPOOL/alerts.fifo"
	mkdir "$SPOOL/.spoolcast"
	echo mine >"$T/mine"
	ln -s "$T/mine" "$SPOOL/$JOURNAL"
	start_serve
	say one
	wait_for 10 logged event=journal-failed
	logged 'remedy="remove the link, what another user made, or whatever'
	# In one step: else the journal may be made in between.
	ln -f "$T/mine" "$SPOOL/$JOURNAL"
	wait_for 10 logged 'Too many links'
	rm "$SPOOL/$JOURNAL"
	wait_for 10 journal_has 1
	same one "$(<"$SPOOL/$JOURNAL")"
	same mine "$(<"$T/mine")"
}

@test "a spool that is removed with its pipe, and the next one" {
	mkfifo "$SPOOL/alerts.fifo"
	start_serve
	exec 7>"$SPOOL/alerts.fifo"
	rm -r "$SPOOL"
	wait_for 10 logged event=spool-unreadable
	mkdir "$SPOOL"
	mkfifo "$SPOOL/alerts.fifo"
	say one
	wait_for 10 journal_has 1
	exec 7>&-
	wait_for 10 has_pipes 1
}

@test "plain CGI alone: writers wait for a viewer, and each viewer has all" {
	mkfifo "$SPOOL/alerts.fifo"
	start_lighttpd_cgi
	local writer first
	echo one >"$SPOOL/alerts.fifo" &
	writer=$!
	sse_begin "$URL/alerts?history=all" "$T/s1"
	first=$VIEWER
	wait "$writer"
	wait_line "$T/s1" one
	sse_begin "$URL/alerts" "$T/s2"
	say two
	wait_line "$T/s1" two
	wait_line "$T/s2" two
	# The one who took goes, and the other takes.
	sse_close "$first"
	say three
	wait_line "$T/s2" three
	same '"two","three"' "$(texts "$T/s2")"
}

@test "plain CGI: what is in the pipe already is in the first answer" {
	ini '[flush]' 'mode = close' 'hold = 0'
	mkfifo "$SPOOL/alerts.fifo"
	start_lighttpd_cgi
	# Somebody else has it open, so that writing does not wait.
	exec 7<>"$SPOOL/alerts.fifo"
	echo one >&7
	get "$URL/alerts?history=all" -H 'Accept: text/event-stream'
	has_line "$BODY" one
	local id
	id=$(last_id "$BODY")
	printf 'two\nthree\n' >&7
	get "$URL/alerts" -H 'Accept: text/event-stream' \
		-H "Last-Event-ID: $id"
	same '"two","three"' "$(texts "$BODY")"
	# Of other channels it takes nothing.
	echo four >&7
	: >"$SPOOL/news"
	get "$URL/news" -H 'Accept: text/event-stream'
	same 3 "$(wc -l <"$SPOOL/$JOURNAL")"
}

@test "a channel that becomes a pipe while a CGI program waits for it" {
	start_lighttpd_cgi
	sse_begin "$URL/alerts" "$T/s"
	mkfifo "$SPOOL/alerts.fifo"
	say one
	wait_line "$T/s" one
}

@test "a spool without pipes is not written to" {
	echo one >"$SPOOL/news"
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" one
	same news "$(ls -A "$SPOOL")"
}
