#!/usr/bin/env bats
# Apache's time limits at a tenth of their size: those of mod_fcgid are 300 s
# for a whole response and 40 s for silence, the others' 60 s for silence.

# shellcheck disable=SC2034 # the helpers use these
load ../helpers/common
load ../helpers/matrix
load ../helpers/apache

setup()
{
	common_setup
	apache_setup
}

teardown() { apache_teardown; }

beats() # FILE COUNT
{
	(($(grep -c '^:' "$1") >= $2))
}

# Apache has nothing to complain about, for what starting has to say.
log_is_clean()
{
	same '' "$(grep -vE ':(notice|info)\]|^spoolcast\[[0-9]+\]: info' \
		"$T/apache.log")"
}

@test "mod_fcgid lets a stream live to its own end, and the next one, too" {
	INI=$T/conf/apache-fcgid.ini
	HEARTBEAT=1500ms matrix_ini '[flush]' 'mode = stream' \
		'[stream]' 'lifetime = 25s'
	sed -i 's/^FcgidBusyTimeout .*/FcgidBusyTimeout 30/
		s/^FcgidIOTimeout .*/FcgidIOTimeout 4/' \
		"$T/conf/apache-fcgid.conf"
	grep -q '^FcgidBusyTimeout 30$' "$T/conf/apache-fcgid.conf"
	grep -q '^FcgidIOTimeout 4$' "$T/conf/apache-fcgid.conf"
	apache_extra 'FcgidBusyScanInterval 12'
	start_apache_fcgid
	sse_begin "$URL/news" "$T/s1"
	wait_for 20 beats "$T/s1" 3
	echo one >>"$SPOOL/news"
	sse_end 60
	same '"one"' "$(texts "$T/s1")"
	events "$T/s1" --complete >"$T/e1"
	same '{"retry":true}' \
		"$(tail -n 1 "$T/e1" | jq -c '{retry: (.retry > 0)}')"
	# Past the third time that mod_fcgid looks for who takes too long.
	echo two >>"$SPOOL/news"
	sse_begin "$URL/news" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s1")"
	wait_for 60 beats "$T/s2" 9
	echo three >>"$SPOOL/news"
	wait_line "$T/s2" three
	same '"two","three"' "$(texts "$T/s2")"
	log_is_clean
}

# outlives_silence: three times the limit of 4 s.
outlives_silence()
{
	sse_begin "$URL/news" "$T/s1" --http1.1
	local first=$VIEWER
	sse_begin "$URL_TLS/news" "$T/s2" "${TLS_OPTIONS[@]}"
	wait_for 60 beats "$T/s1" 9
	wait_for 60 beats "$T/s2" 9
	echo hello >>"$SPOOL/news"
	wait_line "$T/s1" hello
	wait_line "$T/s2" hello
	run ! gone "$first"
	same '"hello"' "$(texts "$T/s1")"
	same '"hello"' "$(texts "$T/s2")"
	log_is_clean
}

@test "mod_proxy_fcgi has no reason to give a stream up" {
	HEARTBEAT=1500ms matrix_ini
	sed -i 's/timeout=60/timeout=4/' "$T/conf/apache-proxy-fcgi.conf"
	grep -q 'timeout=4$' "$T/conf/apache-proxy-fcgi.conf"
	start_apache_proxy
	outlives_silence
}

@test "mod_cgid has no reason to give a stream up" {
	apache_upload cgi
	HEARTBEAT=1500ms matrix_ini
	apache_extra 'Timeout 4'
	start_apache_host
	outlives_silence
}
