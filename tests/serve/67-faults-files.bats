#!/usr/bin/env bats
# Files with holes, and names that are none.

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
	mkdir "$SPOOL/"$'line\nend.d' "$SPOOL/jobs.d"
	echo "in a bad folder" >"$SPOOL/"$'line\nend.d/a'
	ln -s nowhere "$SPOOL/jobs.d/"$'a\nspoolcast[1]: event=forged'
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
	same '' "$(grep ' event=forged' "$T/serve.log")"
	run "$SPOOLCAST" check
	for file in 'two words' 'news\x0a' 'news\x0aevent=forged' 'bell\x07' \
		"$long" '\xff\xfe' -dash 'news ' -pipe.fifo 'line\x0aend.d'; do
		grep -qF "note: $file: ignored" <<<"$output"
	done
	same '' "$(LC_ALL=C grep '[^ -~]' <<<"$output")"
}
