#!/usr/bin/env bats
# Drop folders: every file that is moved in is an event.

load ../helpers/common
load ../helpers/drop

setup()
{
	common_setup
	mkdir "$SPOOL/jobs.d"
}
teardown() { stop_all; }

serve()
{
	start_serve
	start_lighttpd_socket
}

@test "a file that is moved in, copied or written is an event, and is gone" {
	drop early 'before anybody is there'
	serve
	sse_begin "$URL/jobs?history=all" "$T/s"
	wait_line "$T/s" 'before anybody is there'
	drop moved one
	wait_line "$T/s" one
	echo two >"$T/file"
	cp "$T/file" "$SPOOL/jobs.d/copied"
	wait_line "$T/s" two
	echo three >"$SPOOL/jobs.d/written"
	wait_line "$T/s" three
	wait_for 10 is_empty
	same '"before anybody is there","one","two","three"' "$(texts "$T/s")"
}

@test "a file that is being written waits until it is closed" {
	serve
	sse_begin "$URL/jobs" "$T/s"
	exec 7>"$SPOOL/jobs.d/slow"
	echo one >&7
	drop quick two
	wait_line "$T/s" two
	echo three >&7
	exec 7>&-
	wait_line "$T/s" three
	same '"two","one\nthree"' "$(texts "$T/s")"
	# Those with such names are nobody's business.
	drop part.tmp four
	drop .hidden five
	drop backup~ six
	ln -s ../news "$SPOOL/jobs.d/link"
	drop last seven
	wait_line "$T/s" seven
	same '"two","one\nthree","seven"' "$(texts "$T/s")"
	same 4 "$(find "$SPOOL/jobs.d" -not -type d | wc -l)"
}

@test "the folder is made when there is a viewer already, and made again" {
	rmdir "$SPOOL/jobs.d"
	serve
	sse_begin "$URL/jobs" "$T/s"
	mkdir "$SPOOL/jobs.d"
	drop a one
	wait_line "$T/s" one
	wait_for 10 is_empty
	rm -r "$SPOOL/jobs.d"
	mkdir "$SPOOL/jobs.d"
	drop a two
	wait_line "$T/s" two
	same '"one","two"' "$(texts "$T/s")"
}

@test "10,000 files at once come in the order of their names" {
	serve
	sse_begin "$URL/jobs" "$T/s"
	local n=10000 file
	mkdir "$SPOOL/stage"
	seq "$n" | (cd "$SPOOL/stage" && split -l 1 -a 5 -d)
	mv "$SPOOL/stage" "$SPOOL/jobs.new"
	rmdir "$SPOOL/jobs.d"
	mv "$SPOOL/jobs.new" "$SPOOL/jobs.d"
	wait_for 60 has_line "$T/s" "$n"
	same "$(seq "$n" | md5sum)" \
		"$(sed -n 's/^data: //p' "$T/s" | md5sum)"
	wait_for 10 is_empty
	# And one by one, while they are taken.
	mkdir "$SPOOL/stage"
	seq 200 | (cd "$SPOOL/stage" && split -l 1 -a 5 -d)
	# One mv for all of them would look for what it has moved.
	for file in "$SPOOL"/stage/*; do
		mv "$file" "$SPOOL/jobs.d"
	done
	wait_for 60 journal_has $((n + 200))
	same "$(seq 200 | sort | md5sum)" \
		"$(journalled | tail -n 200 | sort | md5sum)"
}

@test "whatever is in a file, and however much, a strict reader gets" {
	ini 'max_record = 1K'
	serve
	sse_begin "$URL/jobs" "$T/s"
	printf 'one\r\ntwo\rthree\n\ndata: no field\nid: none\n' | drop a
	printf 'caf\303\251 \377\0.' | drop b
	printf '' | drop $'c d\n"%41'
	head -c 1025 /dev/zero | tr '\0' x | drop e
	truncate -s 100G "$SPOOL/.new"
	mv "$SPOOL/.new" "$SPOOL/jobs.d/f"
	head -c 1024 /dev/zero | tr '\0' y | drop g
	drop z last
	wait_line "$T/s" last
	same '"one\ntwo\nthree\n\ndata: no field\nid: none","café ��.","","'"$(
		printf 'y%.0s' {1..1024})"'","last"' "$(texts "$T/s")"
	same '1025 107374182400' "$(events "$T/s" |
		jq -r 'select(.type == "spoolcast.skipped") | .data' |
		jq -r .size | xargs)"
	wait_for 10 is_empty
}

@test "files are kept and extensions are types, channel by channel" {
	ini '[channel jobs]' 'keep_files = yes' 'type_from_extension = yes'
	mkdir "$SPOOL/other.d"
	serve
	sse_begin "$URL/jobs,other" "$T/s"
	drop a.alert one
	echo two >"$SPOOL/.new"
	mv "$SPOOL/.new" "$SPOOL/other.d/a.alert"
	drop b three
	wait_line "$T/s" three
	wait_line "$T/s" two
	same '"one"' "$(texts "$T/s" alert)"
	drop a.alert four
	wait_line "$T/s" four
	kept() { (("$(find "$SPOOL/jobs.d/.done" -type f | wc -l)" == 3)); }
	wait_for 10 kept
	same one "$(<"$SPOOL/jobs.d/.done/a.alert")"
	same '' "$(find "$SPOOL/other.d" -type f)"
}

@test "killed again and again while files come: each one once, in any process" {
	start_serve
	local round count=300 taker=$SERVE_PID writer
	for round in 1 2 3 4; do
		rm -f "$T/second.sock"
		start_second
		(
			mkdir "$SPOOL/stage.$round"
			for ((i = 1; i <= count; i++)); do
				echo "$round.$i" >"$SPOOL/stage.$round/file $i"
				mv "$SPOOL/stage.$round/file $i" "$SPOOL/jobs.d"
			done
		) &
		writer=$!
		wait_for 20 journal_has $(((round - 1) * count + count / 3))
		kill -KILL "$taker"
		wait "$writer"
		wait_for 30 journal_has $((round * count))
		taker=$SECOND_PID
	done
	wait_for 10 is_empty
	for round in 1 2 3 4; do
		seq -f "$round.%g" "$count"
	done >"$T/want"
	same '' "$(diff <(sort "$T/want") <(journalled | sort))"
}

# took NAME PID: that file was moved away, or the taker is gone.
took()
{
	[[ ! -e $SPOOL/jobs.d/$1 ]] || gone "$2"
}

@test "killed at any step of taking, files come once and streams resume" {
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	local call id n=0
	for call in renameat pwrite64 fdatasync unlinkat; do
		# The third of these calls is the last thing that it does,
		# which may be for files that the one before has left.
		background "$T/serve.log" strace -f -qq -o "$T/trace" \
			-e "trace=$call" -e "inject=$call:signal=KILL:when=3" \
			"$SPOOLCAST" serve --listen "unix:$T/serve.sock"
		while ! gone "$PID"; do
			n=$((n + 1))
			drop "$n" "$n"
			wait_for 20 took "$n" "$PID"
		done
		rm -f "$T/serve.sock"
	done
	serve
	sse_begin "$URL/jobs?history=all" "$T/s"
	drop last last
	wait_line "$T/s" last
	wait_for 10 is_empty
	same "$(seq "$n")" \
		"$(sed -n 's/^data: \([0-9]\)/\1/p' "$T/s" | sort -n)"
	id=$(sed -n 's/^id: //p' "$T/s" | sed -n 5p)
	kill "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
	rm -f "$T/serve.sock"
	start_serve
	sse_begin "$URL/jobs" "$T/s2" -H "Last-Event-ID: $id"
	wait_line "$T/s2" last
	same "$(grep '^data: ' "$T/s" | tail -n +5)" \
		"$(grep '^data: ' "$T/s2")"
}

@test "the journal is rotated while files come and a stream is open" {
	ini 'max_size = 10K' 'keep = 100'
	serve
	sse_begin "$URL/jobs" "$T/s"
	local i n=600
	mkdir "$SPOOL/stage"
	for ((i = 1; i <= n; i++)); do
		printf '%060d\n' "$i" >"$SPOOL/stage/$i"
		mv "$SPOOL/stage/$i" "$SPOOL/jobs.d"
		((i % 100 == 0)) || continue
		# The responder may have rotated it at this very moment.
		run "$SPOOLCAST" rotate jobs
		((status == 0)) || [[ $output == *'jobs is empty, there is'* ]]
	done
	wait_for 30 journal_has "$n"
	same "$(seq -f '%060.0f' "$n" | md5sum)" "$(journalled | sort | md5sum)"
	wait_for 30 has_line "$T/s" "$(journalled | tail -n 1)"
	same "$(journalled | md5sum)" \
		"$(sed -n 's/^data: //p' "$T/s" | md5sum)"
	same 0 "$(grep -c spoolcast.gap "$T/s")"
}

@test "plain CGI alone takes what is there when somebody asks" {
	start_lighttpd_cgi
	drop a one
	sse_begin "$URL/jobs?history=all" "$T/s1"
	wait_line "$T/s1" one
	drop b two
	wait_line "$T/s1" two
	# The taker is that process; when it goes another is.
	sse_begin "$URL/jobs" "$T/s2"
	sse_close
	sse_begin "$URL/jobs" "$T/s3"
	drop c three
	wait_line "$T/s1" three
	wait_line "$T/s3" three
	wait_for 10 is_empty
	same '"one","two","three"' "$(texts "$T/s1")"
}

@test "a channel that has ended has not while files wait in its folder" {
	start_lighttpd
	sse_begin "$URL/jobs" "$T/s"
	local n
	for n in {1..20}; do
		echo "$n" >"$SPOOL/jobs.d/$((100 + n))"
	done
	"$SPOOLCAST" publish --end jobs
	sse_end 20
	same 20 "$(texts "$T/s" | tr , '\n' | sort -u | wc -l)"
	get "$URL/jobs" -H "Last-Event-ID: $(last_id "$T/s")"
	# shellcheck disable=SC2153 # get sets it
	same 204 "$STATUS"
}

has_text() # FILE TEXT
{
	grep -qsF -- "$2" "$1"
}

@test "where nobody is told of files they are found, also those of others" {
	local other=() caps=+dac_override,+dac_read_search
	# A user whose inotify instances are used up, and nobody else's.
	((EUID != 0)) ||
		other=(setpriv "--reuid=$((300000 + BASHPID))"
			"--inh-caps=$caps" "--ambient-caps=$caps")
	: >"$T/hog"
	background "$T/hog.err" "${other[@]}" \
		"${SPOOLCAST%/*}/helpers/inotify_hog" >"$T/hog"
	wait_for 10 has_text "$T/hog" full
	drop a one
	export REQUEST_METHOD=GET REQUEST_URI='/events/jobs?history=all'
	export HTTP_ACCEPT=text/event-stream
	background "$T/cgi.log" "${other[@]}" "$SPOOLCAST" </dev/null >"$T/s"
	wait_for 30 has_line "$T/s" one
	has_text "$T/cgi.log" event=polling
	drop b two
	wait_for 30 has_line "$T/s" two
	wait_for 10 is_empty
}
