#!/usr/bin/env bats
# spoolcast publish to pipes and drop folders, the end of a channel, and other
# writers who come between.

# shellcheck disable=SC2016 # sh -c expands "$1"
# shellcheck disable=SC2154 # run sets $stderr
# shellcheck disable=SC2030,SC2031 # each test has a shell of its own

load ../helpers/publish

setup() { publish_setup; }
teardown() { publish_teardown; }

# traced ARG...: strace, which AddressSanitizer cannot look for leaks under.
traced() {
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
		strace -f -qq -o trace "$@"
}

# until_so COMMAND...: waits for it.
until_so() {
	local deadline=$((SECONDS + 100))
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.02
	done
}

# has_open PID FILE: that process has a file of this name open.
has_open() {
	[[ $(readlink "/proc/$1/fd/"*) == *"$2"* ]]
}

# holds FILE N: it has so many lines that are not blank.
holds() {
	[ "$(grep -c . "$1")" -eq "$2" ]
}

# --- pipes ---------------------------------------------------------------

@test "a line goes through a pipe, whatever was left unfinished in it" {
	mkfifo spool/alerts.fifo
	exec 7<>spool/alerts.fifo
	printf 'tor' >&7
	publish alerts hello "big  world"
	printf 'a\nb\n' | publish alerts
	run --separate-stderr publish --json alerts x
	[ "$(jq -c . <<<"$output")" = \
		"{\"channel\":\"alerts\",\"file\":\"$PWD/spool/alerts.fifo\",\"bytes\":2}" ]
	echo end >&7
	sed '/end/q' <&7 >got
	file_is got 'tor\nhello big  world\n\na\rb\n\nx\nend\n'
}

@test "a pipe that nobody reads is told, and nothing waits" {
	mkfifo spool/alerts.fifo
	refused 111 "nobody reads $PWD/spool/alerts.fifo" alerts x
}

@test "what a pipe cannot take in one piece is refused" {
	mkfifo spool/alerts.fifo
	exec 7<>spool/alerts.fifo
	long=$(head -c 4094 /dev/zero | tr '\0' x)
	publish alerts "$long"
	refused 100 "4095 bytes is over the 4094 that a pipe takes" \
		alerts "${long}x"
	read -r -u 7 line
	[ -z "$line" ]
	read -r -u 7 line
	[ "$line" = "$long" ]
}

@test "a line in a pipe is all there is, and not blank" {
	mkfifo spool/alerts.fifo
	exec 7<>spool/alerts.fifo
	for option in -e -i -r; do
		refused 100 "is a named pipe, which has no place" \
			"$option" 1 alerts x
	done
	refused 100 "named pipe" -f now alerts x
	refused 100 "named pipe" --ttl 5s alerts x
	refused 100 "blank line" alerts ""
	# Nothing is in the pipe.
	run ! read -r -t 0 -u 7
}

@test "a full pipe is waited for" {
	mkfifo spool/alerts.fifo
	exec 7<>spool/alerts.fifo
	dd if=/dev/zero of=spool/alerts.fifo bs=4096 oflag=nonblock \
		2>/dev/null && false
	"$SPOOLCAST" publish alerts late 3>&- 7>&- &
	pid=$!
	until_so has_open "$pid" alerts.fifo
	kill -0 "$pid"
	timeout 30 sed '/late/q' <&7 >got
	wait "$pid"
	[ "$(tail -n 1 got)" = late ]
}

@test "a reader who goes away while the pipe is full is told" {
	mkfifo spool/alerts.fifo
	exec 7<>spool/alerts.fifo
	dd if=/dev/zero of=spool/alerts.fifo bs=4096 oflag=nonblock \
		2>/dev/null && false
	"$SPOOLCAST" publish alerts late 2>message 3>&- 7>&- &
	pid=$!
	until_so has_open "$pid" alerts.fifo
	exec 7>&-
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 111 ]
	grep -q "nothing was published: nobody reads" message
}

@test "ten publishers and ten shells at once: every line in a pipe is whole" {
	mkfifo spool/alerts.fifo
	exec 7<>spool/alerts.fifo
	cat <&7 >got 3>&- &
	helper=$!
	for who in {0..9}; do
		for n in {1..20}; do
			publish alerts "p$who $n $(printf '%0*d' $((n * 190)) 0)"
		done 3>&- &
		pids+=($!)
		for n in {1..20}; do
			printf 's%s %s %0*d\n' "$who" "$n" $((n * 190)) 0
		done >spool/alerts.fifo 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	until_so holds got 400
	# Whole, each once, and those of one writer in their order.
	for who in p{0..9} s{0..9}; do
		for n in {1..20}; do
			printf '%s %s %0*d\n' "$who" "$n" $((n * 190)) 0
		done
	done >want
	grep . got | sort -s -k1,1 | cmp - want
}

# --- drop folders --------------------------------------------------------

@test "a message becomes a file that sorts behind those before it" {
	mkdir spool/jobs.d
	for n in {1..20}; do
		publish jobs "$n"
	done
	LC_ALL=C
	shopt -s dotglob
	files=(spool/jobs.d/*)
	[ "${#files[@]}" -eq 20 ]
	for n in {1..20}; do
		file_is "${files[n - 1]}" '%s' "$n"
	done
	# No dot: the name shall not have what could be taken for a type.
	[[ ${files[0]} =~ ^spool/jobs.d/[0-9]{8}-[0-9]{6}-[0-9]{9}-[0-9]+$ ]]
}

@test "a file holds any bytes, and the line end that is dropped is added" {
	mkdir spool/jobs.d
	head -c 30000 /dev/urandom >bytes
	echo x >>bytes
	publish jobs <bytes
	head -c -1 bytes | cmp - spool/jobs.d/*
	rm spool/jobs.d/*
	printf 'a\n\n' | publish jobs
	file_is spool/jobs.d/* 'a\n\n'
	rm spool/jobs.d/*
	publish jobs ""
	[ "$(stat -c %s spool/jobs.d/*)" -eq 0 ]
}

@test "--json names the file" {
	mkdir spool/jobs.d
	run --separate-stderr publish --json jobs hello
	[ "$(jq -r .file <<<"$output")" = "$(echo "$PWD"/spool/jobs.d/*)" ]
	[ "$(jq -r .bytes <<<"$output")" -eq 5 ]
}

@test "what a drop folder has no place for is refused" {
	mkdir spool/jobs.d
	for option in -i -r; do
		refused 100 "is a drop folder, which has no place" \
			"$option" 1 jobs x
	done
	refused 100 "drop folder" -f now jobs x
	refused 100 "drop folder" --ttl 5s jobs x
	refused 100 "type_from_extension = yes" -e tick jobs x
	printf '[spool]\nmax_record = 1K\n' >conf.ini
	head -c 1025 /dev/zero | tr '\0' x >over
	refused 100 "max_record" -c conf.ini jobs "$(cat over)"
	[ -z "$(ls -A spool/jobs.d)" ]
}

@test "a publisher that is killed leaves nothing that would be taken" {
	mkdir spool/jobs.d
	for call in write fdatasync renameat2; do
		run traced -e "trace=$call" -e "inject=$call:signal=KILL" \
			"$SPOOLCAST" publish jobs hello
		[ "$status" -ne 0 ]
		[ -z "$(ls spool/jobs.d)" ]
	done
	publish jobs hello
	file_is spool/jobs.d/* hello
}

@test "a folder that takes no file is told, and nothing is left" {
	mkdir spool/jobs.d
	run traced -e trace=fdatasync -e inject=fdatasync:error=ENOSPC \
		"$SPOOLCAST" publish jobs hello
	[ "$status" -eq 111 ]
	[[ "$output" == *"nothing was published"*"No space left"* ]]
	[ -z "$(ls -A spool/jobs.d)" ]
}

@test "where a file system cannot rename without replacing, it links" {
	mkdir spool/jobs.d
	traced -e trace=renameat2 -e inject=renameat2:error=EINVAL \
		"$SPOOLCAST" publish jobs hello
	grep -q 'EINVAL.*INJECTED' trace
	shopt -s dotglob
	file_is spool/jobs.d/* hello
}

@test "a name that another file has is not taken" {
	mkdir spool/jobs.d
	traced -e trace=renameat2 -e inject=renameat2:error=EEXIST:when=1..3 \
		"$SPOOLCAST" publish jobs hello
	[ "$(grep -c renameat2 trace)" -eq 4 ]
	[ "$(cut -d'"' -f4 trace | sort -u | wc -l)" -eq 4 ]
	file_is spool/jobs.d/* hello
}

# --- the end of a channel ------------------------------------------------

@test "--end ends the channel, behind a message if there is one" {
	publish --end news last words
	file_is spool/news 'last words\n'
	[ -e spool/news.end ]
	refused 1 "spool/news.end" news more
	refused 1 "spool/news.end" --end news more
	# It may be said again, and whatever holds the channel.
	publish --end news
	file_is spool/news 'last words\n'
	mkdir spool/jobs.d
	publish --end jobs x
	[ -e spool/jobs.end ]
	[ "$(cat spool/jobs.d/*)" = x ]
	rm spool/news.end
	publish news again
	file_is spool/news 'last words\nagain\n'
}

@test "--end without a message reads nothing and makes no file" {
	mkfifo never
	exec 7<>never
	timeout 30 "$SPOOLCAST" publish --end news <&7
	[ "$(ls spool)" = news.end ]
	run --separate-stderr timeout 30 "$SPOOLCAST" publish --end --json \
		jobs <&7
	[ "$output" = \
		'{"channel":"jobs","file":null,"bytes":0,"ended":true}' ]
	timeout 30 "$SPOOLCAST" publish --end -r 500 hints <&7
	file_is spool/hints.sse 'retry: 500\n\n'
	[ -e spool/hints.end ]
	for option in "-e a" "-i a" "--ttl 5s"; do
		# shellcheck disable=SC2086 # split on purpose
		refused 100 "a message, which is an argument" --end $option b
	done
	[ ! -e spool/b.end ]
}

@test "no record comes behind the end of a channel" {
	hold_lock touch spool/news.end
	"$SPOOLCAST" publish news late 2>message 3>&- &
	pid=$!
	wait_blocked "$pid"
	echo >&9
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 1 ]
	grep -q 'has ended' message
	[ ! -s spool/news ]
}

@test "the end of a channel waits for who is appending" {
	hold_lock eval 'echo last >&7; [ ! -e spool/news.end ]'
	"$SPOOLCAST" publish --end news 3>&- &
	pid=$!
	wait_blocked "$pid"
	[ ! -e spool/news.end ]
	echo >&9
	wait "$helper"
	helper=
	wait "$pid"
	file_is spool/news 'last\n'
	[ -e spool/news.end ]
}

# --- others who write ----------------------------------------------------

# Publishes "$@" and, after it has seen how the file ends and before it writes,
# appends the text $1 to that file.
publish_behind() {
	local text=$1 file=$2
	shift 2
	rm -f trace
	traced -P "$file" -e trace=pread64,write \
		-e inject=pread64:signal=STOP:when=1 \
		"$SPOOLCAST" publish "$@" 3>&- &
	helper=$!
	until_so grep -qs 'stopped by SIGSTOP' trace
	printf %s "$text" >>"$file"
	kill -CONT "$(awk 'NR == 1 { print $1 }' trace)"
	wait "$helper"
	helper=
}

@test "a record that became part of another's is written once more" {
	echo first >spool/news
	publish_behind tor "$PWD/spool/news" news x
	file_is spool/news 'first\ntorx\n\nx\n'
	printf 'data: first\n\n' >spool/jobs.sse
	publish_behind $'data: tor\n' "$PWD/spool/jobs.sse" jobs x
	file_is spool/jobs.sse \
		'data: first\n\ndata: tor\ndata: x\n\n\n\ndata: x\n\n'
}

@test "a record that follows a whole one is written once" {
	echo first >spool/news
	publish_behind $'second\n' "$PWD/spool/news" news x
	file_is spool/news 'first\nsecond\nx\n'
}

@test "publishing while others rename the file away loses nothing" {
	for who in {0..4}; do
		for n in {1..60}; do
			publish news "$who $n" || exit 1
		done 3>&- &
		pids+=($!)
	done
	while jobs -r | grep -q publish; do
		[ ! -e spool/news ] || mv spool/news "spool/news.$((++moved))"
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	[ "$moved" -gt 3 ]
	for who in {0..4}; do
		for n in {1..60}; do
			echo "$who $n"
		done
	done >want
	cat spool/news* | sort -k1,1n -k2,2n | cmp - want
}
