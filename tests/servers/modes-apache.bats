#!/usr/bin/env bats
# Flush modes behind Apache where nobody has told it to pass on what comes: a
# mod_proxy_fcgi without flushpackets=on, a mod_fcgid with its buffer of 64 KiB,
# and plain CGI, which it never holds back.

# shellcheck disable=SC2034 # the helpers use these
load ../helpers/common
load ../helpers/matrix
load ../helpers/apache
load ../helpers/modes

setup()
{
	common_setup
	apache_setup
}

teardown() { apache_teardown; }

responders()
{
	if [[ -n ${SERVE_PID:-} ]]; then
		echo "$SERVE_PID"
	else
		apache_responders
	fi
}

# start_proxy [LINE...]: with these lines in the settings of spoolcast.
start_proxy()
{
	matrix_ini "$@"
	sed -i 's/ flushpackets=on//' "$T/conf/apache-proxy-fcgi.conf"
	start_apache_proxy
}

start_fcgid()
{
	INI=$T/conf/apache-fcgid.ini
	matrix_ini "$@"
	sed -i '/^FcgidOutputBufferSize/ d' "$T/conf/apache-fcgid.conf"
	start_apache_fcgid
}

# start_upload KIND [LINE...]: conf/htaccess-KIND, with these settings.
start_upload()
{
	apache_upload "$1"
	matrix_ini "${@:2}"
	start_apache_host
}

@test "mod_proxy_fcgi, pad: a stream opens before any event" {
	start_proxy '[flush]' 'mode = pad'
	matrix_both matrix_opens
}

@test "mod_proxy_fcgi, pad: events of all sizes arrive one by one" {
	start_proxy '[flush]' 'mode = pad'
	matrix_both modes_lockstep
}

@test "mod_proxy_fcgi, pad: each heartbeat arrives" {
	HEARTBEAT=300ms start_proxy '[flush]' 'mode = pad'
	matrix_both modes_beats
}

@test "mod_proxy_fcgi, pad: TLS without HTTP/2 has a larger buffer" {
	start_proxy '[flush]' 'mode = pad'
	EVENTS=0 modes_held "$URL_TLS" -k --http1.1
}

@test "mod_proxy_fcgi, pad: with 8200 bytes HTTP/1.1 by TLS flows, too" {
	start_proxy '[flush]' 'mode = pad' 'pad = 8200'
	modes_three modes_lockstep
}

@test "mod_proxy_fcgi by HTTP/2 holds nothing back, without any pad" {
	start_proxy '[flush]' 'mode = stream'
	FLOWS=$URL_TLS modes_held "$URL" --http1.1
	modes_lockstep "$URL_TLS" "${TLS_OPTIONS[@]}"
}

@test "mod_proxy_fcgi, pad: what is compressed is held back" {
	apache_compresses
	apache_extra "<Location \"/plain/\">" 'SetEnv no-gzip 1' '</Location>' \
		"ProxyPass \"/plain/\" \"unix:$T/build/events.sock|\
fcgi://plain/plain/\""
	start_proxy '[flush]' 'mode = pad'
	FLOWS=$ORIGIN/plain modes_held "$URL" --http1.1 --compressed
}

@test "mod_proxy_fcgi, close: a response ends with its first event" {
	start_proxy '[flush]' 'mode = close'
	matrix_both modes_each_at_once
}

@test "mod_fcgid, pad: 66000 bytes make a stream of it" {
	start_fcgid '[flush]' 'mode = pad' 'pad = 66000'
	modes_three matrix_opens
	COUNT=200 modes_three modes_lockstep
}

@test "mod_fcgid, pad: each heartbeat arrives" {
	HEARTBEAT=300ms start_fcgid '[flush]' 'mode = pad' 'pad = 66000'
	matrix_both modes_beats
}

# lines_of_processes: how many lines say the mode, and of how many processes.
lines_of_processes()
{
	sed -n 's/^spoolcast\[\([0-9]*\)\].* event=flush-mode .*/\1/p' \
		"$T/apache.log" | sort | uniq -c |
		awk '{ lines += $1 } END { print lines + 0, NR }'
}

@test "mod_fcgid, auto: close, as each process says once" {
	start_upload fcgid
	local n first lines processes
	# Two responses a round, until a process has had one before: on a busy
	# machine it may have ended meanwhile.
	for n in {1..20}; do
		modes_open "$URL/news" "$T/s1"
		first=$VIEWER
		BESIDE=1 modes_open "$URL/news" "$T/s2"
		echo "$n" >>"$SPOOL/news"
		sse_end 20 "$first"
		modes_end
		same "\"$n\"" "$(texts "$T/s1")"
		same "\"$n\"" "$(texts "$T/s2")"
		read -r lines processes < <(lines_of_processes)
		((n < 3 || processes >= 2 * n)) || break
	done
	same "$processes" "$lines"
	((processes >= 2 && processes < 2 * n))
	same "$lines" "$(grep 'mode=close gateway=mod_fcgid ' "$T/apache.log" |
		grep -c 'streams_with="FcgidOutputBufferSize 0 ')"
}

@test "plain CGI, auto: stream, and no more is said about it" {
	KIND=cgi
	start_upload cgi
	matrix_both matrix_flows
	same '0 0' "$(lines_of_processes)"
}
