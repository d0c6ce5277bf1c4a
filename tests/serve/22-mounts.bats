#!/usr/bin/env bats
# SPOOLCAST_CHANNELS: what a web server lets be heard at an address.

# shellcheck disable=SC2153 # get sets STATUS
# shellcheck disable=SC2030,SC2031 # each test has a shell of its own
load ../helpers/common

setup()
{
	common_setup
	echo n1 >"$SPOOL/news"
	echo p1 >"$SPOOL/private"
}
teardown() { stop_all; }

# mounted LIST [LINE...]: lighttpd with the responder of start_serve, which
# hands over LIST at /events/ and nothing at /all/.
mounted()
{
	local list=$1
	shift
	run_lighttpd 'server.modules = ("mod_setenv", "mod_fastcgi")' \
		"fastcgi.server = (
			\"/events\" => ((\"socket\" => \"$T/serve.sock\",
				\"check-local\" => \"disable\")),
			\"/all\" => ((\"socket\" => \"$T/serve.sock\",
				\"check-local\" => \"disable\")))" \
		"\$HTTP[\"url\"] =~ \"^/events\" {
			setenv.add-environment = (\"SPOOLCAST_CHANNELS\" => \"$list\")
		}" "$@"
}

# refused PATH [CURL OPTION...]: nothing of private comes, and why is said.
refused()
{
	get "$ORIGIN$1" --max-time 10 "${@:2}"
	same 404 "$STATUS"
	grep -F 'no channel "private" here: SPOOLCAST_CHANNELS, as it is set for this address, does not list it' "$BODY"
}

@test "no way to name a channel leads past the list of the address" {
	start_serve
	mounted 'news,build-*'
	refused '/events/private'
	refused '/events/news?channel=private'
	refused '/events/news?channel=news,private'
	refused '/events/news,private'
	refused '/events/x/private'
	refused '/events/priv%61te'
	refused '/events/?channel=private&channel=news'
	refused '/events/private' -H 'Spoolcast-Channels: private'
	refused '/events/private' -H 'Redirect-Spoolcast-Channels: *'
	refused '/events/private?SPOOLCAST_CHANNELS=private'
	get "$URL/private" -I
	same 404 "$STATUS"
}

@test "a pattern selects, and grows, within the list only" {
	start_serve
	mounted 'news,build-*'
	sse_begin "$URL/*?history=all" "$T/s"
	wait_line "$T/s" n1
	echo x >"$SPOOL/other"
	echo b1 >"$SPOOL/build-1"
	wait_line "$T/s" b1
	echo p2 >>"$SPOOL/private"
	echo n2 >>"$SPOOL/news"
	wait_line "$T/s" n2
	sse_close
	same '"n1","b1","n2"' "$(texts "$T/s")"
	sse_begin "$URL/priv*,news?history=all" "$T/s2"
	wait_line "$T/s2" n2
	sse_close
	same '"n1","n2"' "$(texts "$T/s2")"
}

@test "viewers of addresses with other lists share nothing" {
	start_serve
	mounted news
	sse_begin "$ORIGIN/all/*?history=all" "$T/all"
	wait_line "$T/all" p1
	sse_begin "$URL/*?history=all" "$T/few"
	wait_line "$T/few" n1
	echo p2 >>"$SPOOL/private"
	wait_line "$T/all" p2
	echo n2 >>"$SPOOL/news"
	wait_line "$T/few" n2
	wait_line "$T/all" n2
	sse_close
	same '"n1","n2"' "$(texts "$T/few")"
	same 0 "$(grep -c 'data: p' "$T/few")"
	# Nor does an id that was given where more may be heard.
	sse_begin "$URL/*" "$T/again" \
		-H "Last-Event-ID: $(id_of "$T/all" p1)"
	wait_line "$T/again" n2
	echo p3 >>"$SPOOL/private"
	echo n3 >>"$SPOOL/news"
	wait_line "$T/again" n3
	sse_close
	same 0 "$(grep -c 'data: p' "$T/again")"
}

@test "a list that is none refuses everything, and the log says why" {
	local list
	start_serve
	for list in '' ' ' 'news,,private' 'news private' '../news'; do
		mounted "$list"
		get "$URL/news?history=all" --max-time 10
		turned_away 'is no list of channels; the log says more'
		same 0 "$(grep -c 'data:' "$BODY")"
		grep -F "event=bad-mount variable=SPOOLCAST_CHANNELS value=\"$list\"" \
			"$T/serve.log"
		# The other address is as good as ever.
		sse_begin "$ORIGIN/all/private?history=all" "$T/s"
		wait_line "$T/s" p1
		sse_close
		kill "$LIGHTTPD_PID"
		wait_for 20 gone "$LIGHTTPD_PID"
	done
}

@test "the environment of a responder narrows all its addresses" {
	export SPOOLCAST_CHANNELS=news,private
	start_serve
	mounted 'news,other'
	echo o1 >"$SPOOL/other"
	refused '/events/private'
	get "$URL/other"
	same 404 "$STATUS"
	get "$ORIGIN/all/other"
	same 404 "$STATUS"
	sse_begin "$ORIGIN/all/*?history=all" "$T/all"
	wait_line "$T/all" p1
	sse_begin "$URL/*?history=all" "$T/s"
	wait_line "$T/s" n1
	sse_close
	same '"n1"' "$(texts "$T/s")"
	same 0 "$(grep -c 'data: o1' "$T/all")"
}

@test "what lighttpd hands to the responders that it starts narrows them" {
	run_lighttpd 'server.modules = ("mod_fastcgi")' \
		"fastcgi.server = (\"/events\" => ((
			\"bin-path\" => \"$SPOOLCAST\",
			\"socket\" => \"$T/sc.sock\",
			\"bin-environment\" => (\"SPOOLCAST_CHANNELS\" => \"news\"),
			\"max-procs\" => 1,
			\"check-local\" => \"disable\")))"
	refused '/events/private'
	sse_begin "$URL/*?history=all" "$T/s"
	wait_line "$T/s" n1
	sse_close
	same '"n1"' "$(texts "$T/s")"
}

@test "a CGI program heeds the variable, and no header of that name" {
	export SPOOLCAST_CHANNELS=news
	run_lighttpd \
		'server.modules = ("mod_alias", "mod_setenv", "mod_cgi")' \
		"alias.url = (\"/events\" => \"$SPOOLCAST\")" \
		"$(cgi_environment SPOOLCAST_CONFIG SPOOLCAST_CHANNELS)" \
		"\$HTTP[\"url\"] =~ \"^/events\" { cgi.assign = (\"\" => \"\") }"
	refused '/events/private'
	refused '/events/news?channel=private' -H 'Spoolcast-Channels: private'
	sse_begin "$URL/*?history=all" "$T/s"
	wait_line "$T/s" n1
	sse_close
	same '"n1"' "$(texts "$T/s")"
}
