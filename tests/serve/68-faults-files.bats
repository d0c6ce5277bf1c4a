#!/usr/bin/env bats
# Odd files, odd names, and two who do not agree on how a spool is to be served.

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

# numbers FROM TO: as texts prints them.
numbers()
{
	seq -s , -f '"%g"' "$1" "$2"
}

# id_of FILE TEXT: the id of the event with this data.
id_of()
{
	events "$1" | jq -r --arg data "$2" 'select(.data == $data) | .id'
}

# two_responders: one with $INI behind /one, one with $T/other.ini behind /two.
two_responders()
{
	background "$T/one.log" "$SPOOLCAST" serve --listen "unix:$T/one.sock"
	background "$T/two.log" "$SPOOLCAST" serve -c "$T/other.ini" \
		--listen "unix:$T/two.sock"
	wait_for 10 listens "$T/one.sock"
	wait_for 10 listens "$T/two.sock"
	run_lighttpd 'server.modules = ("mod_fastcgi")' "fastcgi.server = (
		\"/one\" => ((\"socket\" => \"$T/one.sock\",
			\"check-local\" => \"disable\")),
		\"/two\" => ((\"socket\" => \"$T/two.sock\",
			\"check-local\" => \"disable\")))"
	ONE=${URL%/events}/one
	TWO=${URL%/events}/two
}

@test "two responders with different configurations on one spool" {
	local n
	ini 'max_size = 4K' 'keep = 9' 'keep_files = yes' \
		'[stream]' 'on_gap = newest'
	printf '%s\n' '[spool]' "path = $SPOOL" 'max_record = 1K' \
		'type_from_extension = yes' '[stream]' 'history = 2' \
		>"$T/other.ini"
	mkfifo "$SPOOL/alerts.fifo"
	mkdir "$SPOOL/jobs.d"
	two_responders
	sse_begin "$ONE/news,alerts,jobs" "$T/one"
	sse_begin "$TWO/news,alerts,jobs" "$T/two"
	# One of them rotates; the other follows.
	for n in {1..40}; do
		printf '%0400d\n' "$n" >>"$SPOOL/news"
		wait_line "$T/two" "$(printf '%0400d' "$n")"
	done
	wait_line "$T/one" "$(printf '%0400d' 40)"
	[[ -e $SPOOL/news.1 ]]
	same "$(texts "$T/one")" "$(texts "$T/two")"
	same '' "$(texts "$T/two" spoolcast.gap)"
	# What comes in by a pipe or a folder is taken once, by either.
	for n in {1..10}; do
		echo "alert $n" >"$SPOOL/alerts.fifo"
		echo "job $n" >"$SPOOL/jobs.d/.new"
		mv "$SPOOL/jobs.d/.new" "$SPOOL/jobs.d/$n"
		for file in one two; do
			wait_line "$T/$file" "alert $n"
			wait_line "$T/$file" "job $n"
		done
	done
	for file in one two; do
		same 10 "$(grep -c '^data: alert' "$T/$file")"
		same 10 "$(grep -c '^data: job' "$T/$file")"
	done
	# An id of one is an id of the other.
	sse_begin "$TWO/news,alerts,jobs" "$T/again" \
		-H "Last-Event-ID: $(id_of "$T/one" 'job 9')"
	wait_line "$T/again" 'job 10'
	same '"alert 10","job 10"' "$(texts "$T/again" | sed 's/,/\n/g' |
		sort | paste -sd ,)"
}

@test "a file with a hole: what is in it is told, and others do not wait" {
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news,tick" "$T/s"
	local pid
	pid=$(pgrep -n -f "^$SPOOLCAST\$")
	truncate -s 1G "$SPOOL/news"
	echo one >>"$SPOOL/tick"
	wait_line "$T/s" one
	printf '\nafter\n' >>"$SPOOL/news"
	wait_line "$T/s" after
	same "{\"channel\":\"news\",\"size\":1073741824,\"position\":0}" \
		"$(texts "$T/s" spoolcast.skipped | jq -r . | jq -c .)"
	same '"one","after"' "$(texts "$T/s")"
	# Not a thousandth of the hole was kept.
	(($(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status") < 400000))
}

@test "a writer that goes on behind the end of a file that was cut" {
	exec 5>"$SPOOL/news"
	seq 3 >&5
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" 3
	# Without O_APPEND it writes where it was: NULs come before.
	: >"$SPOOL/news"
	wait_for 10 grep -q spoolcast.gap "$T/s"
	printf '%s\n' 4 5 >&5
	exec 5>&-
	wait_line "$T/s" 5
	same 10 "$(stat -c %s "$SPOOL/news")"
	same '"5"' "$(texts "$T/s" | sed 's/.*,//')"
	grep -q $'^data: \xef\xbf\xbd.*4$' "$T/s"
}

@test "names with spaces, newlines and worse are left alone, and said" {
	local name long
	long=$(printf 'x%.0s' {1..255})
	start_lighttpd
	echo before >"$SPOOL/news"
	sse_begin "$URL/*?history=all" "$T/s"
	wait_line "$T/s" before
	# shellcheck disable=SC2016 # that is the name
	for name in 'a b' $'a\nevent: b' $'a\r' $'\e[31mred' $'\xff\xfe' '-rf' \
		' ' "$long" 'a%0ab' '$(id)' 'news.bak' 'news.1x' '.hidden'; do
		echo "odd" >"$SPOOL/$name"
		mkfifo "$SPOOL/p $name.fifo" 2>/dev/null || true
	done
	mkdir "$SPOOL/jobs.d"
	for name in 'a b' $'a\nevent: b' '-rf' $'\xff'; do
		echo "job" >"$SPOOL/jobs.d/.t"
		mv -- "$SPOOL/jobs.d/.t" "$SPOOL/jobs.d/$name"
	done
	echo after >>"$SPOOL/news"
	wait_line "$T/s" after
	four() { (($(grep -c '^data: job$' "$T/s") == 4)); }
	wait_for 10 four
	run grep -c odd "$T/s"
	same 0 "$output"
	events "$T/s" >"$T/events"
	run "$SPOOLCAST" check
	same '' "$(grep -v '^[a-z]' <<<"$output" | grep -v '^$' || true)"
	grep -q 'a\\x0aevent: b: ignored' <<<"$output"
	grep -q '\\x1b\[31mred: ignored' <<<"$output"
	# The log has one line for each fact, whatever the names are.
	run grep -vE '^([0-9-]+ [0-9:]+: |spoolcast\[[0-9]+\]: )' "$T/spoolcast.log"
	same '' "$output"
}
