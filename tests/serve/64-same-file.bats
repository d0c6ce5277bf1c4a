#!/usr/bin/env bats
# One file under two numbers of a series, by whatever kind of link: it is read
# once, everybody else goes on, and the log and check name both numbers.

# shellcheck disable=SC2154 # run sets $output
load ../helpers/common
load ../helpers/processes
load ../helpers/rotation

setup()
{
	common_setup
	: >"$SPOOL/quiet"
}

teardown() { stop_all; }

# Ways to number one file twice: how many files there are, and what links them.
WAYS=(
	'1|ln news news.1'
	'1|ln -s news news.1'
	'2|ln news.1 news.2'
	'2|ln -s news.1 news.2'
	'2|ln news news.2'
	'2|ln -s news news.2; ln news.1 news.3; ln news news.4'
)

# files COUNT: the channel news anew, whose lines are numbers up to LAST.
files()
{
	rm -f "$SPOOL"/news*
	LAST=5
	seq 5 >"$SPOOL/news"
	if (($1 == 2)); then
		LAST=9
		mv "$SPOOL/news" "$SPOOL/news.1"
		seq 6 9 >"$SPOOL/news"
	fi
}

# number_twice COMMANDS: in the spool.
number_twice()
{
	(cd "$SPOOL" && eval "$1")
}

begin()
{
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/quiet" "$T/quiet"
}

# others_go_on: the viewer of another channel does, and the responder ends when
# it is asked to.
others_go_on()
{
	echo beside >>"$SPOOL/quiet"
	wait_line "$T/quiet" beside
	kill "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
	kill "$LIGHTTPD_PID"
	wait_for 10 gone "$LIGHTTPD_PID"
}

# each_once QUERY [CURL OPTION...]: who asks so gets each line once and in
# order, and what comes then.
each_once()
{
	local way query=$1
	shift
	for way in "${WAYS[@]}"; do
		echo "$way"
		files "${way%%|*}"
		number_twice "${way#*|}"
		begin
		sse_begin "$URL/news$query" "$T/s" "$@"
		wait_line "$T/s" "$LAST"
		echo more >>"$SPOOL/news"
		wait_line "$T/s" more
		same "$(numbers 1 "$LAST"),\"more\"" "$(texts "$T/s")"
		others_go_on
	done
}

@test "an unknown id gives each line of a file with two numbers once" {
	each_once '' -H 'Last-Event-ID: x'
}

@test "a history gives each line of a file with two numbers once" {
	each_once '?history=50'
}

@test "the whole history gives each line of a file with two numbers once" {
	each_once '?history=all'
}

@test "a file that gets a second number is resumed, each line once" {
	local way at
	for way in "${WAYS[@]}"; do
		echo "$way"
		files "${way%%|*}"
		begin
		sse_begin "$URL/news?history=all" "$T/first"
		wait_line "$T/first" "$LAST"
		sse_close
		at=$(id_of "$T/first" 3)
		number_twice "${way#*|}"
		sse_begin "$URL/news" "$T/s" -H "Last-Event-ID: $at"
		wait_line "$T/s" "$LAST"
		same "$(numbers 4 "$LAST")" "$(texts "$T/s")"
		no_gap "$T/s"
		others_go_on
	done
}

@test "a file that gets a second number while it is watched is read once" {
	local way
	for way in "${WAYS[@]}"; do
		echo "$way"
		files "${way%%|*}"
		begin
		sse_begin "$URL/news?history=all" "$T/s"
		wait_line "$T/s" "$LAST"
		number_twice "${way#*|}"
		echo more >>"$SPOOL/news"
		wait_line "$T/s" more
		# Who comes now looks at all of it, beside whoever is there.
		sse_begin "$URL/news" "$T/late" -H 'Last-Event-ID: x'
		wait_line "$T/late" more
		same "$(numbers 1 "$LAST"),\"more\"" "$(texts "$T/s")"
		same "$(numbers 1 "$LAST"),\"more\"" "$(texts "$T/late")"
		no_gap "$T/s"
		others_go_on
	done
}

@test "a segment that also gets the name of the newest one holds up nobody" {
	local older
	# Empty: a search for the last records goes on to the file before it.
	for older in '' '# a comment'; do
		rm -f "$SPOOL"/news* "$T/s" "$T/late"
		printf %s "${older:+$older$'\n'}" >"$SPOOL/news.1"
		ln "$SPOOL/news.1" "$SPOOL/news.2"
		echo 1 >"$SPOOL/news"
		begin
		sse_begin "$URL/news?history=all" "$T/s"
		wait_line "$T/s" 1
		ln -f "$SPOOL/news.1" "$SPOOL/news"
		# What came before this was looked at by then.
		echo seen >>"$SPOOL/quiet"
		wait_line "$T/quiet" seen
		sse_begin "$URL/news?history=5" "$T/late"
		wait_for 10 grep -q '^id: ' "$T/late"
		echo 2 >>"$SPOOL/news"
		wait_line "$T/late" 2
		others_go_on
	done
}

@test "a file with two numbers keeps none of three processes busy" {
	local n
	files 1
	number_twice 'ln news news.1'
	start_processes 3
	start_lighttpd_socket
	for n in {1..9}; do
		sse_begin "$URL/news" "$T/s$n" -H 'Last-Event-ID: x'
		wait_line "$T/s$n" 5
		same "$(numbers 1 5)" "$(texts "$T/s$n")"
	done
	stop_processes TERM
}

@test "plain CGI comes to its end with a file that has two numbers" {
	local way query
	ini '[flush]' 'mode = close' 'hold = 0'
	for way in "${WAYS[@]}"; do
		for query in 'lastEventId=x' 'history=50' 'history=all'; do
			echo "$way, $query"
			files "${way%%|*}"
			number_twice "${way#*|}"
			background "$T/cgi.log" env REQUEST_METHOD=GET \
				"REQUEST_URI=/news?$query" \
				HTTP_ACCEPT=text/event-stream \
				"$SPOOLCAST" >"$T/cgi"
			wait_for 10 gone "$PID"
			same "$(seq "$LAST")" \
				"$(sed -n 's/^data: \([0-9]*\)$/\1/p' "$T/cgi")"
		done
	done
}

@test "the log names the two numbers of one file, once" {
	files 2
	number_twice 'ln news news.2'
	begin
	sse_begin "$URL/news" "$T/s1" -H 'Last-Event-ID: x'
	sse_begin "$URL/news" "$T/s2" -H 'Last-Event-ID: x'
	wait_line "$T/s2" 9
	same 1 "$(grep -c 'event=same-file' "$T/serve.log")"
	grep 'event=same-file channel=news segments="news news.2"' \
		"$T/serve.log"
}

@test "check says which two numbers are one file" {
	local way names
	for way in "${WAYS[@]}"; do
		echo "$way"
		files "${way%%|*}"
		number_twice "${way#*|}"
		# The names behind the first command.
		names=${way#*ln }
		names=${names#-s }
		names=${names%%;*}
		run -1 "$SPOOLCAST" check
		grep '^problem: ' <<<"$output" |
			grep -w "${names#* }" | grep -w "${names% *}"
	done
}
