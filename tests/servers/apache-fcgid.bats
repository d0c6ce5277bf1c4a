#!/usr/bin/env bats
# conf/apache-fcgid.conf: mod_fcgid in the hands of an administrator.

# shellcheck disable=SC2034,SC2153 # the helpers use these, get sets STATUS
load ../helpers/common
load ../helpers/matrix
load ../helpers/apache
load ../helpers/mount
load ../helpers/pipes

setup()
{
	common_setup
	apache_setup
	INI=$T/conf/apache-fcgid.ini
}

teardown() { apache_teardown; }

responders() { apache_responders; }

start()
{
	matrix_ini '[flush]' 'mode = stream' '[stream]' 'retry = 100ms'
	start_apache_fcgid
}

@test "the files work as they are" {
	start_apache_fcgid
	: >"$SPOOL/news"
	sse_begin "$URL/news" "$T/s"
	echo hello >>"$SPOOL/news"
	wait_line "$T/s" hello
	same '"hello"' "$(texts "$T/s")"
	get "$ORIGIN/page.html"
	same 200 "$STATUS"
}

@test "a stream opens before any event" {
	start
	matrix_both matrix_opens
}

@test "each event arrives before the next is written" {
	start
	matrix_both matrix_flows
}

@test "a pipe and a drop folder where each viewer has a process" {
	ini '[flush]' 'mode = stream'
	chmod 0777 "$SPOOL"
	start_apache_fcgid
	mkfifo -m 0666 "$SPOOL/alerts.fifo"
	mkdir -m 0777 "$SPOOL/jobs.d"
	sse_begin "$URL/alerts,jobs" "$T/s1"
	local first=$VIEWER
	sse_begin "$URL/alerts,jobs" "$T/s2"
	say one
	wait_line "$T/s1" one
	wait_line "$T/s2" one
	echo two >"$T/two"
	mv "$T/two" "$SPOOL/jobs.d/two"
	wait_line "$T/s1" two
	wait_line "$T/s2" two
	# Of the two processes one took; it is the other's turn in either case.
	sse_close "$first"
	say three
	wait_line "$T/s2" three
	same '"one","two","three"' "$(texts "$T/s2")"
}

@test "a viewer who goes is noticed" {
	HEARTBEAT=300ms start
	matrix_both matrix_gone
}

@test "Last-Event-ID resumes exactly, Origin and Cookie arrive" {
	HEARTBEAT=300ms start
	# The process that is watched has to be the one that serves next.
	eval "all_$(declare -f watch_requests)"
	watch_requests()
	{
		wait_for 30 viewers_are 0
		all_watch_requests
	}
	matrix_both matrix_headers
}

@test "every status arrives with its headers and body" {
	start
	matrix_both matrix_statuses
}

@test "streams flow where everything is compressed" {
	apache_compresses
	start
	matrix_both matrix_gzip
}

@test "without FcgidOutputBufferSize 0 nothing flows" {
	# The same server as its virtual host with TLS has it.
	apache_extra_tls 'FcgidOutputBufferSize 65536'
	start
	sse_open "$URL_TLS/news" "$T/held" -k
	local held=$VIEWER n pids
	wait_for 10 viewers_are 1
	sse_begin "$URL/news" "$T/s"
	for n in {1..10}; do
		echo "$n" >>"$SPOOL/news"
		wait_line "$T/s" "$n"
	done
	same 0 "$(wc -c <"$T/held")"
	mapfile -t pids < <(responders)
	kill "${pids[@]}"
	sse_end 20 "$held"
	same "$(texts "$T/s")" "$(texts "$T/held")"
}

@test "a graceful restart ends the processes, and the streams resume" {
	start
	local pid old
	restart()
	{
		mapfile -t old < <(responders)
		apache_graceful
	}
	recover()
	{
		for pid in "${old[@]}"; do
			wait_for 30 gone "$pid"
		done
	}
	matrix_across restart recover
	same 5 "${#old[@]}"
	((CONNECTIONS > 5))
}

@test "a stop ends the processes, and the streams resume after it" {
	start
	stop()
	{
		apache_stop
		wait_for 10 has_responders 0
	}
	matrix_across stop apache_again
	((CONNECTIONS > 5))
}

@test "SPOOLCAST_CHANNELS of a location holds" {
	apache_extra '<Location "/events">' 'SetEnv SPOOLCAST_CHANNELS news' \
		'</Location>'
	ini '[flush]' 'mode = stream'
	start_apache_fcgid
	mount_holds
}
