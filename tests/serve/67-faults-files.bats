#!/usr/bin/env bats
# Files with holes, names that are none, and responders that are set differently
# on one spool.

# shellcheck disable=SC2153 # get sets STATUS
# shellcheck disable=SC2154 # run sets output
load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

serve()
{
	start_serve
	start_lighttpd_socket
}

# logged TEXT: by the responder of start_serve.
logged()
{
	grep -qsF -- "$1" "$T/serve.log"
}

# peak_kb PID: the most memory that it has had.
peak_kb()
{
	awk '$1 == "VmHWM:" { print $2 }' "/proc/$1/status"
}

skipped_told()
{
	grep -q '^event: spoolcast.skipped' "$1"
}

@test "a hole of 1 GB is skipped as one record, and nobody else waits" {
	# What a sanitizer keeps of freed memory is not the program's.
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:quarantine_size_mb=8
	local before
	touch "$SPOOL"/{news,other}
	serve
	sse_begin "$URL/news" "$T/news"
	sse_begin "$URL/other" "$T/other"
	before=$(peak_kb "$SERVE_PID")
	truncate -s 1G "$SPOOL/news"
	echo one >>"$SPOOL/other"
	wait_line "$T/other" one
	echo end >>"$SPOOL/news"
	echo two >>"$SPOOL/other"
	wait_line "$T/other" two
	wait_for 60 skipped_told "$T/news"
	echo after >>"$SPOOL/news"
	wait_for 60 has_line "$T/news" after
	same '"after"' "$(texts "$T/news")"
	same '{"channel":"news","size":1073741827,"position":0}' \
		"$(texts "$T/news" spoolcast.skipped | jq -r .)"
	# However large the hole, and an eighth of it is much.
	(($(peak_kb "$SERVE_PID") < before + 131072))
	# Who comes back to before it is told the same.
	sse_begin "$URL/news" "$T/again" \
		-H "Last-Event-ID: $(sed -n 's/^id: //p' "$T/news" | head -n 1)"
	wait_for 60 has_line "$T/again" after
	same '"after"' "$(texts "$T/again")"
	same 1 "$(grep -c '^event: spoolcast.skipped' "$T/again")"
	same '' "$(texts "$T/again" spoolcast.gap)"
}

gap_told()
{
	grep -q '^event: spoolcast.gap' "$1"
}

@test "who goes on behind the hole that : > file makes is heard" {
	touch "$SPOOL/news"
	serve
	sse_begin "$URL/news" "$T/s"
	# Without O_APPEND, it writes where it was.
	exec 5>"$SPOOL/news"
	printf '%s\n' one two >&5
	wait_line "$T/s" two
	: >"$SPOOL/news"
	wait_for 10 gap_told "$T/s"
	printf '%s\n' three four >&5
	wait_line "$T/s" four
	# More than max_record, which is 64K.
	head -c 70000 /dev/zero | tr '\0' '\n' >&5
	echo five >&5
	wait_line "$T/s" five
	: >"$SPOOL/news"
	wait_for 10 has_gaps 2
	printf '%s\n' six seven >&5
	wait_line "$T/s" seven
	exec 5>&-
	# The eight bytes of the hole are in front of the first line.
	same '"one","two","��������three","four","five","seven"' \
		"$(texts "$T/s")"
	same 1 "$(grep -c '^event: spoolcast.skipped' "$T/s")"
	same 2 "$(grep -c '^data: .*"reason":"replaced"' "$T/s")"
}

has_gaps()
{
	(($(grep -c '^event: spoolcast.gap' "$T/s") >= $1))
}

@test "names that are no channel's leak nowhere and are told in one line" {
	local bad long file
	long=$(printf 'x%.0s' {1..255})
	bad=('two words' $'news\n' $'news\nevent=forged' $'bell\a' "$long"
		$'\xff\xfe' -dash 'news ')
	touch "$SPOOL/news"
	start_serve
	# Else it would answer for most of these.
	start_lighttpd_socket 'server.http-parseopts = (
		"url-ctrls-reject" => "disable",
		"url-invalid-utf8-reject" => "disable")'
	sse_begin "$URL/*" "$T/all"
	sse_begin "$URL/news" "$T/news"
	for file in "${bad[@]}"; do
		echo "in a bad name" >"$SPOOL/$file"
	done
	mkfifo "$SPOOL/-pipe.fifo"
	mkdir "$SPOOL/"$'line\nend.d' "$T/jobs.d"
	echo "in a bad folder" >"$SPOOL/"$'line\nend.d/a'
	# It comes with the folder: the first look finds it.
	ln -s nowhere "$T/jobs.d/"$'a\nspoolcast[1]:" event=forged'
	mv "$T/jobs.d" "$SPOOL/"
	for file in "${bad[@]}"; do
		echo "in a bad name" >>"$SPOOL/$file"
	done
	echo "in a good name" >>"$SPOOL/news"
	echo "in a good folder" >"$SPOOL/jobs.d/a"
	wait_line "$T/all" "in a good name"
	wait_line "$T/news" "in a good name"
	wait_line "$T/all" "in a good folder"
	same '"in a good folder","in a good name"' \
		"$(texts "$T/all" | tr , '\n' | sort | paste -sd,)"
	same '"in a good name"' "$(texts "$T/news")"
	for file in two%20words news%0A bell%07 -dash \
		"$long" %ff%fe news%20; do
		get "$URL/?channel=$file"
		same 400 "$STATUS"
		same 1 "$(wc -l <"$BODY")"
	done
	[[ -e $SPOOL/$'line\nend.d/a' ]]
	same '' "$(grep -v '^spoolcast\[[0-9]*\]: [a-z]* event=' "$T/serve.log")"
	same '' "$(LC_ALL=C grep '[^ -~]' "$T/serve.log")"
	wait_for 10 grep -q event=drop-no-file "$T/serve.log"
	# A name stands in quotes, which it cannot end.
	same '' "$(sed 's/"[^"]*"//g' "$T/serve.log" | grep ' event=forged')"
	run "$SPOOLCAST" check
	for file in 'two words' 'news\x0a' 'news\x0aevent=forged' 'bell\x07' \
		"$long" '\xff\xfe' -dash 'news ' -pipe.fifo 'line\x0aend.d'; do
		grep -qF "note: $file: ignored" <<<"$output"
	done
	same '' "$(LC_ALL=C grep '[^ -~]' <<<"$output")"
}

# serve_as NAME LINE...: a responder with a configuration of its own; OTHER is
# its process id.
serve_as()
{
	local name=$1
	shift
	printf '%s\n' '[spool]' "path = $SPOOL" "$@" >"$T/$name.ini"
	background "$T/$name.log" "$SPOOLCAST" serve -c "$T/$name.ini" \
		--listen "unix:$T/$name.sock"
	OTHER=$PID
	wait_for 10 listens "$T/$name.sock"
}

# front NAME: the lines of lighttpd's configuration for that responder.
front()
{
	printf '"/%s" => (("socket" => "%s", "check-local" => "disable")),' \
		"$1" "$T/$1.sock"
}

# wide NUMBER: a line of 800 bytes and more that begins with it.
wide()
{
	printf '%s %0800d\n' "$1" 0
}

# at FILE COUNT: so many events have come to that file.
at()
{
	(($(grep -c '^data: ' "$1") >= $2))
}

# words_of FILE: the first words of its data, or - where that is of our making.
words_of()
{
	sed -n 's/^data: {.*/-/p; s/^data: \([^ ]*\).*/\1/p' "$1" | xargs
}

# holds PID: it has the pipe open.
holds()
{
	[[ -n $(find "/proc/$1/fd" -lname "$SPOOL/alerts.fifo") ]]
}

# nth_id FILE NUMBER: the id of this event of those with data.
nth_id()
{
	events "$1" | jq -rs --argjson n "$2" \
		'[.[] | select(.type and .type != "spoolcast.open")] |
			.[$n - 1].id'
}

# start_both: A rotates, B does not, and they differ in all else; A is the one
# that takes from pipes and drop folders.
start_both()
{
	mkdir "$SPOOL/jobs.d"
	mkfifo "$SPOOL/alerts.fifo"
	touch "$SPOOL/news"
	serve_as a 'max_size = 4K' 'keep = 100' 'max_record = 1K'
	A=$OTHER
	wait_for 10 holds "$A"
	serve_as b 'keep = 1' 'keep_files = yes' '[stream]' 'on_gap = newest'
	wait_for 10 holds "$OTHER"
	run_lighttpd 'server.modules = ("mod_fastcgi")' \
		"fastcgi.server = ($(front a) $(front b))"
}

@test "two responders that are set differently go on with each other's ids" {
	local n
	start_both
	sse_begin "$ORIGIN/a/news" "$T/a"
	sse_begin "$ORIGIN/b/news" "$T/b"
	# What one of them rotates, the other follows.
	for n in {1..20}; do
		wide "$n" >>"$SPOOL/news"
		wait_for 10 at "$T/a" "$n"
		wait_for 10 at "$T/b" "$n"
	done
	[[ -e $SPOOL/news.3 ]]
	same "$(seq 20 | xargs)" "$(words_of "$T/a")"
	same "$(seq 20 | xargs)" "$(words_of "$T/b")"
	# Too long for one of them, and both are at one place after it.
	printf '21 %01000d %01000d\n' 0 0 >>"$SPOOL/news"
	wide 22 >>"$SPOOL/news"
	wait_for 10 at "$T/a" 22
	wait_for 10 at "$T/b" 22
	same "$(seq 20 | xargs) - 22" "$(words_of "$T/a")"
	same 2004 "$(texts "$T/a" spoolcast.skipped | jq -r . | jq .size)"
	same "$(seq 22 | xargs)" "$(words_of "$T/b")"
	same "$(last_id "$T/a")" "$(last_id "$T/b")"
	# Each id of one is a place for the other.
	for n in 1 7 19; do
		sse_begin "$ORIGIN/b/news" "$T/b$n" \
			-H "Last-Event-ID: $(nth_id "$T/a" "$n")"
		sse_begin "$ORIGIN/a/news" "$T/a$n" \
			-H "Last-Event-ID: $(nth_id "$T/b" "$n")"
		wait_for 10 at "$T/b$n" $((22 - n))
		wait_for 10 at "$T/a$n" $((22 - n))
		same "$(seq $((n + 1)) 22 | xargs)" "$(words_of "$T/b$n")"
		same "$(seq -s ' ' $((n + 1)) 20) - 22" "$(words_of "$T/a$n")"
		same '' "$(texts "$T/a$n" spoolcast.gap)"
		same '' "$(texts "$T/b$n" spoolcast.gap)"
	done
	# What is lost is told by both; each goes on from where it is set to.
	rm "$SPOOL/news.2"
	sse_begin "$ORIGIN/a/news" "$T/a0" -H "Last-Event-ID: $(nth_id "$T/b" 1)"
	wait_for 10 grep -q '"reason":"expired","resumed":"oldest"' "$T/a0"
	sse_begin "$ORIGIN/b/news" "$T/b0" -H "Last-Event-ID: $(nth_id "$T/a" 1)"
	wait_for 10 grep -q '"reason":"expired","resumed":"newest"' "$T/b0"
}

# write_both NUMBER: a line to the pipe and a file to the drop folder.
write_both()
{
	echo "line $1" >"$SPOOL/alerts.fifo"
	echo "file $1" >"$SPOOL/.new"
	mv "$SPOOL/.new" "$SPOOL/jobs.d/$(printf '%04d' "$1")"
}

taken()
{
	[[ -z $(find "$SPOOL/jobs.d" -maxdepth 1 -type f) ]]
}

# kept COUNT: so many files are.
kept()
{
	(($(find "$SPOOL/jobs.d" -mindepth 2 -type f | wc -l) == $1))
}

@test "two responders that are set differently take each line and file once" {
	local n s
	start_both
	for s in a b; do
		sse_begin "$ORIGIN/$s/alerts" "$T/$s.alerts"
		sse_begin "$ORIGIN/$s/jobs" "$T/$s.jobs"
	done
	for n in {1..50}; do
		write_both "$n"
	done
	wait_for 20 has_line "$T/a.jobs" 'file 50'
	wait_for 20 has_line "$T/b.jobs" 'file 50'
	wait_for 20 has_line "$T/b.alerts" 'line 50'
	wait_for 10 taken
	# The one that takes is set to keep none, the next to keep them.
	kept 0
	kill "$A"
	wait_for 10 gone "$A"
	for n in {51..100}; do
		write_both "$n"
	done
	wait_for 20 has_line "$T/b.jobs" 'file 100'
	wait_for 20 has_line "$T/b.alerts" 'line 100'
	wait_for 10 taken
	wait_for 10 kept 50
	same "$(seq -f 'data: file %g' 100)" "$(grep '^data: ' "$T/b.jobs")"
	same "$(seq -f 'data: line %g' 100)" "$(grep '^data: ' "$T/b.alerts")"
	same "$(seq -f 'data: file %g' 50)" "$(grep '^data: ' "$T/a.jobs")"
	same 100 "$(cat "$SPOOL"/.spoolcast/alerts.fifo.log* | wc -l)"
	same 100 "$(cat "$SPOOL"/.spoolcast/jobs.d.log* | grep -c '^data: ')"
}

@test "of several forms that claim one name the log tells, once" {
	local form
	: >"$SPOOL/news.sse"
	serve
	sse_begin "$URL/news?history=all" "$T/s"
	printf 'data: one\n\n' >>"$SPOOL/news.sse"
	wait_line "$T/s" one
	# The other append file wins from now on.
	echo two >"$SPOOL/news"
	wait_line "$T/s" two
	mkdir "$SPOOL/news.d"
	mkfifo "$SPOOL/news.fifo"
	for form in sse d fifo; do
		wait_for 10 logged "event=source-shadowed channel=news \
source=news.$form by=news remedy="
	done
	touch "$SPOOL/other"
	echo three >>"$SPOOL/news"
	wait_line "$T/s" three
	same 1 "$(grep -c 'source=news.sse' "$T/serve.log")"
	# Told again when it happens again; old is told of behind news.
	sse_begin "$URL/old" "$T/old"
	mv "$SPOOL/news.sse" "$SPOOL/old.sse"
	wait_line "$T/old" one
	mv "$SPOOL/old.sse" "$SPOOL/news.sse"
	told() { (($(grep -c 'source=news.sse' "$T/serve.log") == $1)); }
	wait_for 10 told 2
}
