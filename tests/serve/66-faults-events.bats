#!/usr/bin/env bats
# Too much at once: more events than the kernel's queue holds, more channels
# than there should be; and processes that are killed at any moment.

# shellcheck disable=SC2153 # STATUS is set by get
# shellcheck disable=SC2030,SC2031 # each test has a shell of its own
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

@test "the queue of events overflows: that a file may be missed is told" {
	echo one >"$SPOOL/news"
	serve
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" one
	stop_hearing
	rm "$SPOOL/news"
	echo 'is never seen' >"$SPOOL/news"
	rm "$SPOOL/news"
	echo two >"$SPOOL/news"
	hear_again
	wait_line "$T/s" two
	same '"one","two"' "$(texts "$T/s")"
	same '{"channel":"news","reason":"replaced","resumed":"oldest"}' \
		"$(texts "$T/s" spoolcast.gap | jq -r .)"
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

# with_number FILE PREFIX: the numbers behind it in the data, in a row.
with_number()
{
	sed -n "s/^data: $2 \([0-9]*\)\$/\1/p" "$1" | xargs
}

all_of_names()
{
	(($(grep -c "^data: $1 " "$T/names") >= 30))
}

@test "10,000 channels at once: those with a name are found, * is refused" {
	local n names numbers
	numbers=$(seq 333 333 9990 | xargs)
	names=$(seq -s , -f 'ch-%g' 333 333 9990)
	touch "$SPOOL/news"
	serve
	sse_begin "$URL/news" "$T/news"
	sse_begin "$URL/$names" "$T/names"
	sse_begin "$URL/ch-*" "$T/all"
	(
		cd "$SPOOL" &&
			seq 10000 | awk '{ file = "ch-" $1
				print "made", $1 >file
				close(file) }'
	)
	# Others go on meanwhile.
	echo one >>"$SPOOL/news"
	wait_line "$T/news" one
	wait_for 60 all_of_names made
	sse_end 60
	logged event=pattern-full
	(($(grep -c event=pattern-full "$T/serve.log") <= 3))
	# Who was let in once is asked to come back, and told why.
	get "$URL/ch-*" -H "Last-Event-ID: $(last_id "$T/all")" \
		-H 'Accept: text/event-stream'
	same 200 "$STATUS"
	grep -q '^: .*channels_per_stream' "$BODY"
	get "$URL/ch-*"
	same 400 "$STATUS"
	grep -q channels_per_stream "$BODY"
	for n in $numbers; do
		echo "more $n" >>"$SPOOL/ch-$n"
	done
	wait_for 60 all_of_names more
	same "$numbers" "$(with_number "$T/names" made | tr ' ' '\n' |
		sort -n | xargs)"
	same "$numbers" "$(with_number "$T/names" more | tr ' ' '\n' |
		sort -n | xargs)"
	same '' "$(texts "$T/names" spoolcast.gap)"
	same 60 "$(grep -c '^data: ' "$T/names")"
}

# write_on: three writers in one, until the file stop is there; it prints how
# many times each has written.
write_on()
{
	local n=0
	while [[ ! -e $T/stop ]]; do
		n=$((n + 1))
		echo "news $n" >>"$SPOOL/news"
		echo "alerts $n" >"$SPOOL/alerts.fifo" || return 1
		drop "$(printf '%06d' "$n")" "jobs $n"
	done
	echo "$n" >"$T/written"
}

# is_back: the viewer is there, by coming back from where it was if need be.
is_back()
{
	local id
	if gone "$VIEWER"; then
		id=$(last_id "$T/s$VISIT")
		[[ -z $id ]] || LAST=$id
		VISIT=$((VISIT + 1))
		sse_open "$URL/news,alerts,jobs" "$T/s$VISIT" --fail \
			-H "Last-Event-ID: $LAST"
	fi
	grep -qs '^data: ' "$T/s$VISIT"
}

# has_got TEXT: the viewer has, and comes back if need be.
has_got()
{
	is_back && grep -qxF "data: $1" "$T"/s[0-9]*
}

# holds_pipe: the responder that lighttpd started does, so others may go.
holds_pipe()
{
	has_responder && has_pipes 1 "$(responder_pids)"
}

@test "killed again and again, responders lose nothing and tell nothing twice" {
	local round writer from
	mkdir "$SPOOL/jobs.d"
	mkfifo "$SPOOL/alerts.fifo"
	touch "$SPOOL/news"
	start_second
	start_lighttpd
	VISIT=1
	sse_begin "$URL/news,alerts,jobs" "$T/s1"
	write_on 3>&- &
	writer=$!
	PIDS+=("$writer")
	for round in {1..8}; do
		wait_for 30 is_back
		wait_for 30 holds_pipe
		# One of them is left: it holds what is in the pipe.
		if ((round % 2 == 0)); then
			kill -KILL "$SECOND_PID"
			rm "$T/second.sock"
			start_second
		else
			kill -KILL "$(responder_pids)"
			wait_for 30 gone "$VIEWER"
		fi
		wait_for 30 has_pipes 1 "$SECOND_PID"
	done
	touch "$T/stop"
	wait "$writer"
	for from in news alerts jobs; do
		wait_for 60 has_got "$from $(<"$T/written")"
	done
	((VISIT > 4))
	for ((round = 1; round <= VISIT; round++)); do
		events "$T/s$round"
	done >"$T/events"
	for from in news alerts jobs; do
		jq -r 'select(.type == "message") | .data' "$T/events" |
			grep "^$from " >"$T/got"
		seq -f "$from %g" "$(<"$T/written")" | cmp - "$T/got"
	done
	same '' "$(jq -r 'select(.type == "spoolcast.gap") | .data' \
		"$T/events")"
}
