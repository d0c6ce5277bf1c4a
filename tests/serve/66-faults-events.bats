#!/usr/bin/env bats
# Too much at once: more events than the kernel's queue holds, more channels
# than there should be.

load ../helpers/common
load ../helpers/pipes
load ../helpers/drop

setup() { common_setup; }
teardown() { stop_all; }

serve()
{
	start_serve
	start_lighttpd_socket
}

# stop_hearing: the responder stands still, and the kernel's queue of what it
# should hear is full: of all that comes now it is told nothing.
stop_hearing()
{
	local size
	size=$(</proc/sys/fs/inotify/max_queued_events)
	((size <= 100000)) || skip "a queue of $size events is not filled here"
	kill -STOP "$SERVE_PID"
	# Each is told of twice: made, and its times set.
	seq -f "$SPOOL/.flood-%g" "$size" | xargs touch
}

# hear_again: it goes on, and learns that it has missed something.
hear_again()
{
	kill -CONT "$SERVE_PID"
	wait_for 30 logged event=inotify-overflow
}

# only_texts FILE TEXT...: these have come, in order, once each, and no gap.
only_texts()
{
	local file=$1 want
	shift
	want=$(printf ',"%s"' "$@")
	same "${want:1}" "$(texts "$file")"
	same '' "$(texts "$file" spoolcast.gap)"
}

@test "the queue of events overflows: records and channels are found" {
	touch "$SPOOL"/{news,other}
	printf 'data: zero\n\n' >"$SPOOL/deploy.sse"
	serve
	sse_begin "$URL/news" "$T/news"
	sse_begin "$URL/deploy" "$T/deploy"
	sse_begin "$URL/later" "$T/later"
	sse_begin "$URL/build-*" "$T/builds"
	sse_begin "$URL/other,news,later" "$T/three"
	echo one >>"$SPOOL/news"
	wait_line "$T/news" one
	stop_hearing
	printf '%s\n' two three >>"$SPOOL/news"
	printf 'data: one\n\n' >>"$SPOOL/deploy.sse"
	echo first >"$SPOOL/later"
	echo built >"$SPOOL/build-1"
	echo gone >"$SPOOL/build-2"
	rm "$SPOOL/build-2"
	hear_again
	wait_line "$T/news" three
	wait_line "$T/deploy" one
	wait_line "$T/later" first
	wait_line "$T/builds" built
	wait_line "$T/three" first
	wait_line "$T/three" three
	# And all of them are heard as before.
	echo four >>"$SPOOL/news"
	printf 'data: two\n\n' >>"$SPOOL/deploy.sse"
	echo second >>"$SPOOL/later"
	echo again >>"$SPOOL/build-1"
	wait_line "$T/news" four
	wait_line "$T/deploy" two
	wait_line "$T/later" second
	wait_line "$T/builds" again
	wait_line "$T/three" four
	wait_line "$T/three" second
	only_texts "$T/news" one two three four
	only_texts "$T/deploy" one two
	only_texts "$T/later" first second
	only_texts "$T/builds" built again
	same '"first","four","one","second","three","two"' \
		"$(texts "$T/three" | tr , '\n' | sort | paste -sd,)"
}

# rotate: as logrotate does it, without the new file.
rotate()
{
	local n
	for n in 3 2 1; do
		if [[ -e $SPOOL/news.$n ]]; then
			mv "$SPOOL/news.$n" "$SPOOL/news.$((n + 1))"
		fi
	done
	mv "$SPOOL/news" "$SPOOL/news.1"
}

@test "the queue of events overflows: rotations by others are followed" {
	local n
	echo one >"$SPOOL/news"
	serve
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" one
	stop_hearing
	for n in two three four; do
		echo "$n" >>"$SPOOL/news"
		rotate
	done
	echo five >"$SPOOL/news"
	hear_again
	wait_line "$T/s" five
	rotate
	echo six >"$SPOOL/news"
	wait_line "$T/s" six
	only_texts "$T/s" one two three four five six
}

@test "the queue of events overflows: pipes and drop folders are taken" {
	mkdir "$SPOOL/jobs.d"
	mkfifo "$SPOOL/alerts.fifo"
	serve
	sse_begin "$URL/jobs" "$T/jobs"
	sse_begin "$URL/alerts" "$T/alerts"
	sse_begin "$URL/bells" "$T/bells"
	sse_begin "$URL/parcels" "$T/parcels"
	drop 1 one
	wait_line "$T/jobs" one
	say one
	wait_line "$T/alerts" one
	stop_hearing
	drop 2 two
	drop 3 three
	say two
	# With nobody there yet who reads, these stay until they are found.
	mkfifo "$SPOOL/bells.fifo"
	echo ring >"$SPOOL/bells.fifo" 3>&- &
	PIDS+=("$!")
	mkdir "$SPOOL/parcels.d"
	echo parcel >"$SPOOL/parcels.d/1"
	hear_again
	wait_line "$T/jobs" three
	wait_line "$T/alerts" two
	wait_line "$T/bells" ring
	wait_line "$T/parcels" parcel
	drop 4 four
	say three
	wait_line "$T/jobs" four
	wait_line "$T/alerts" three
	wait_for 10 is_empty
	only_texts "$T/jobs" one two three four
	only_texts "$T/alerts" one two three
	only_texts "$T/bells" ring
	only_texts "$T/parcels" parcel
}
