#!/usr/bin/env bats
# conf/htaccess-fcgid: a file uploaded to a shared host whose mod_fcgid keeps
# each response to itself until it ends.  So every one ends after its first
# events, and whoever honours `retry:` and Last-Event-ID gets all of them.

# shellcheck disable=SC2034,SC2153 # the helpers use these, get sets STATUS
load ../helpers/common
load ../helpers/matrix
load ../helpers/modes
load ../helpers/readers
load ../helpers/apache

setup()
{
	common_setup
	apache_setup
	apache_upload fcgid
}

teardown() { apache_teardown; }

responders() { apache_responders; }

# start [LINE...]: with further lines in the configuration of spoolcast.
start()
{
	matrix_ini '[flush]' 'close_retry = 100ms' "$@"
	start_apache_host
}

# poll URL FILE LINE [CURL OPTION...]: one request, and LINE while it waits.
poll()
{
	local url=$1 file=$2 line=$3
	shift 3
	# A connection may be there before its request was read.
	if [[ $* != *Last-Event-ID* ]]; then
		get "$url" --head "$@"
		set -- "$@" -H "Last-Event-ID: $(header Last-Event-ID)"
	fi
	sse_open "$url" "$file" "$@"
	wait_for 20 viewers_are 1
	echo "$line" >>"$SPOOL/news"
	sse_end 20
}

@test "the upload is all there is to do" {
	start_apache_host
	: >"$SPOOL/news"
	poll "$URL/news" "$T/s" hello
	same '"hello"' "$(texts "$T/s")"
}

# each_at_once URL [CURL OPTION...]
each_at_once()
{
	local url=$1 at='' n
	shift
	matrix_next
	for n in {1..10}; do
		poll "$url/news" "$M.$n" "$N: $n" "$@" \
			${at:+-H "Last-Event-ID: $at"}
		speaks "$(version_of "$@")" "$M.$n.headers"
		same "\"$N: $n\"" "$(texts "$M.$n")"
		events "$M.$n" --complete >"$T/events"
		grep -q '^retry: ' "$M.$n"
		at=$(last_id "$M.$n")
	done
}

@test "a response ends with its first event, and the next goes on there" {
	start
	matrix_both each_at_once
}

# resumes URL [CURL OPTION...]
resumes()
{
	local url=$1 at
	shift
	matrix_next
	poll "$url/news" "$M" "$N: one" "$@"
	at=$(last_id "$M")
	printf "$N: %s\n" two three >>"$SPOOL/news"
	watch_requests
	sse_open "$url/news" "$M.more" "$@" -H "Last-Event-ID: $at" \
		-H "Origin: https://origin-$N.example" -b "visit=cookie-$N"
	sse_end 20
	request_has HTTP_LAST_EVENT_ID "$at"
	request_has HTTP_ORIGIN "https://origin-$N.example"
	request_has HTTP_COOKIE "visit=cookie-$N"
	unwatch_requests
	same "\"$N: two\",\"$N: three\"" "$(texts "$M.more")"
}

@test "Last-Event-ID resumes exactly, Origin and Cookie arrive" {
	start
	matrix_both resumes
}

@test "every status arrives with its headers and body" {
	start
	matrix_both matrix_statuses
}

@test "a response without an event ends after hold" {
	start '[flush]' 'hold = 1s'
	sse_open "$URL/news" "$T/s"
	sse_end 30
	same '' "$(texts "$T/s")"
	[[ -n $(last_id "$T/s") ]]
	events "$T/s" --complete >"$T/events"
}

@test "each event arrives before the next is written" {
	start
	modes_follow 20
	local n
	wait_for 20 viewers_are 1
	for n in {1..20}; do
		write_lines "$n" "$n"
		wait_for 20 has_read "$n"
	done
	read_end
	jq -e '.events == 20 and .opens >= 20' "$T/result"
}

# across_graceful [OPTION...]: 500 events, a graceful restart in their midst.
across_graceful()
{
	start
	cp "$WEB/native.html" "$WWW/"
	modes_follow 500 "$@"
	wait_for 60 viewers_are 1
	write_lines 1 200
	wait_for 60 has_read 100
	local pid old
	mapfile -t old < <(responders)
	# Lines go on being written while it takes place.
	write_lines 201 400 &
	PIDS+=("$!")
	apache_graceful
	for pid in "${old[@]}"; do
		wait_for 30 gone "$pid"
	done
	wait_for 60 has_read 400
	write_lines 401 500
	read_end
	jq -e '.events == 500 and .opens >= 3' "$T/result"
}

@test "across a graceful restart npm eventsource gets each of 500 events once" {
	across_graceful
}

@test "across a graceful restart a browser gets each of 500 events once" {
	across_graceful --reader chromium
}

@test "a stop ends the processes, and the readers resume after it" {
	start
	stop()
	{
		apache_stop
		wait_for 10 has_responders 0
	}
	matrix_across stop apache_again
}

@test "a process that has had nobody for a while makes room for others" {
	start '[flush]' 'hold = 0'
	: >"$SPOOL/news"
	get "$URL/news" -H 'Accept: text/event-stream'
	same 200 "$STATUS"
	has_responders 1
	wait_for 50 has_responders 0
	get "$URL/news" -H 'Accept: text/event-stream'
	same 200 "$STATUS"
}

@test "without mod_fcgid the same upload runs as plain CGI" {
	KIND=cgi
	APACHE_NOT=fcgid start
	matrix_flows "$URL" --http1.1
}

@test "a host that allows an .htaccess less than all is enough" {
	APACHE_ALLOW='FileInfo Options=ExecCGI' start
	poll "$URL/news" "$T/s" hello
	same '"hello"' "$(texts "$T/s")"
}

@test "nobody can fetch the spool or the settings" {
	start
	local path
	for path in /spool/ /spool/news /spoolcast.ini; do
		get "$ORIGIN$path"
		same "404 $path" "$STATUS $path"
	done
}

# Another program of the same host, which mod_fcgid starts, too.
other_program()
{
	cc -x c -o "$WWW/other.fcgi" - -lfcgi <<-'EOF'
		#include <fcgi_stdio.h>
		int main(void)
		{
			while (FCGI_Accept() >= 0)
				printf("Content-Type: text/plain\r\n\r\nother");
			return 0;
		}
	EOF
	printf '%s\n' '<Files "other.fcgi">' 'SetHandler fcgid-script' \
		'</Files>' >>"$WWW/.htaccess"
}

crowd_has_all()
{
	local events=0 admitted=0
	read -r events admitted 2>/dev/null <"$T/progress" || return 1
	((admitted == 40 && events >= $1))
}

# Both answer, as the site does without us.
site_answers()
{
	get "$ORIGIN/page.html" --max-time 20
	same 200 "$STATUS"
	get "$ORIGIN/other.fcgi" --max-time 20
	same 200 "$STATUS"
	same other "$(<"$BODY")"
}

# few_processes: far more viewers than processes.
few_processes()
{
	other_program
	apache_extra 'FcgidMaxProcesses 10'
	start '[limits]' 'streams = 8' '[flush]' 'poll_retry = 500ms'
	site_answers
	seq -f 'line %g' 50 >"$T/lines"
	node "$WEB/viewers.mjs" --url "$URL/news" --expect "$T/lines" \
		--viewers 40 --deadline 300 --progress "$T/progress" \
		>"$T/result" 3>&- &
	local crowd=$! n
	PIDS+=("$crowd")
	for n in {1..5}; do
		site_answers
	done
	wait_for 120 crowd_has_all 0
	for ((n = 1; n <= 50; n += 10)); do
		write_lines "$n" $((n + 9))
		site_answers
		wait_for 120 crowd_has_all $((n * 40))
		site_answers
	done
	wait_for 200 gone "$crowd"
	wait "$crowd" || { cat "$T/result" >&2; return 1; }
	jq -e '.events == 2000 and .gaps == 0' "$T/result"
}

@test "40 viewers and 10 processes: the site answers, they get everything" {
	# The processes count their streams together in there.
	chmod a+rwx "$SPOOL"
	few_processes
	[[ -d $SPOOL/.spoolcast ]]
	run ! grep budget-unknown "$T/apache.log"
}

@test "40 viewers and 10 processes that may not write to the spool" {
	if ((EUID != 0)); then
		skip 'Apache serves as the owner of the spool'
	fi
	few_processes
	grep -q budget-unknown "$T/apache.log"
}
