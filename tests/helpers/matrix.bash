# shellcheck shell=bash disable=SC2034,SC2153
# What must hold behind every web server; the bats file of each asks all of it.
#
#	load ../helpers/common
#	load ../helpers/matrix
#	setup() { common_setup; matrix_ini; }
#	... start the server ...
#	matrix_both matrix_flows
#
# The caller sets, beside what common_setup does:
#
#	URL		base of the channels over HTTP/1.1, as http://host:port/events
#	URL_TLS		the same by https, where the server does that
#	TLS_OPTIONS	the options of curl for it, that is, (-k --http2)
#
# and defines functions that say where the responder is:
#
#	responders	prints the ids of its processes
#	KIND		fcgi or cgi, a variable; fcgi if unset
#
# The functions take URL [CURL OPTION...], and may be called several times in a
# test.  Nothing in them waits for a time to pass, and with matrix_ini no
# heartbeat comes to the help of an event that the server holds back.

TLS_OPTIONS=(-k --http2)

# matrix_ini [LINE...]: the configuration for what follows, before the server
# starts.  Heartbeats come every $HEARTBEAT, that is, never in a test.
matrix_ini()
{
	ini '[stream]' "heartbeat = ${HEARTBEAT:-1h}" '[access]' \
		'channels = news,deploy,over,unreadable' "$@"
	: >>"$SPOOL/news"
	MATRIX_N=0
}

# matrix_both FUNCTION: over HTTP/1.1, and over HTTP/2 with TLS.
matrix_both()
{
	"$1" "$URL" --http1.1
	"$1" "$URL_TLS" "${TLS_OPTIONS[@]}"
}

# matrix_next: M is the file of the next stream, and N its number.
matrix_next()
{
	N=$((++MATRIX_N))
	M=$T/stream$N
}

# speaks VERSION FILE: the response came in this version of HTTP.
speaks()
{
	local line
	read -r line <"$2"
	if [[ $line != "HTTP/$1 "* ]]; then
		printf 'want: HTTP/%s\n got: %s\n' "$1" "$line" >&2
		return 1
	fi
}

# As the options of curl ask for.
version_of()
{
	case " $* " in
	*' --http2'*) echo 2 ;;
	*' --http1.0'*) echo 1.0 ;;
	*) echo 1.1 ;;
	esac
}

# The stream opens before there is any event: its status, its headers and the
# id where it starts are with the viewer.
matrix_opens()
{
	local url=$1
	shift
	matrix_next
	sse_begin "$url/news" "$M" "$@"
	speaks "$(version_of "$@")" "$M.headers"
	same 'text/event-stream; charset=utf-8' \
		"$(header Content-Type "$M.headers")"
	same "$(last_id "$M")" "$(header Last-Event-ID "$M.headers")"
	sse_close
	same '' "$(texts "$M")"
}

# Each event is with the viewer before the next is written.
matrix_flows()
{
	local url=$1 i want=''
	shift
	matrix_next
	sse_begin "$url/news" "$M" "$@"
	speaks "$(version_of "$@")" "$M.headers"
	for i in {1..20}; do
		echo "$N: $i" >>"$SPOOL/news"
		wait_line "$M" "$N: $i"
		want+=,\"$N:\ $i\"
	done
	sse_close
	same "${want#,}" "$(texts "$M")"
}

# As matrix_flows, for a client that takes compressed responses from a server
# that was told to compress everything; the page $PAGE of it, /page.html if
# unset, proves that it does.
matrix_gzip()
{
	local url=$1 path
	shift
	path=${url#*://*/}
	get "${url%"/$path"}${PAGE:-/page.html}" --compressed "$@"
	[[ -n $(header Content-Encoding) ]]
	matrix_flows "$url" --compressed "$@"
}

# --- the viewer goes --------------------------------------------------------

# Prints how many viewers are connected to the responder: sockets that it has
# open and that came in at a unix socket with a name.
viewer_count()
{
	local pid count=0
	for pid in $(responders); do
		if [[ ${KIND:-fcgi} == cgi ]]; then
			count=$((count + 1))
		else
			count=$((count + $(accepted "$pid" | wc -l)))
		fi
	done
	echo "$count"
}

# accepted PID: prints the sockets of that process that are connections to it.
accepted()
{
	# Column 6 of the table is the state, 3 is connected; 7 the inode.
	find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null |
		tr -dc '0-9\n' | grep -xF \
		"$(awk '$6 == "03" && NF > 7 { print $7 }' /proc/net/unix)"
}

viewers_are()
{
	(($(viewer_count) == $1))
}

# The viewer goes, and the responder comes to know.  Servers that tell it only
# when it writes need a short HEARTBEAT in matrix_ini.
matrix_gone()
{
	local url=$1
	shift
	matrix_next
	wait_for 10 viewers_are 0
	sse_begin "$url/news" "$M" "$@"
	wait_for 10 viewers_are 1
	sse_close
	wait_for 30 viewers_are 0
}

# --- headers ----------------------------------------------------------------

is_traced()
{
	grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$1/status"
}

# From now on $T/trace has what the responder reads.
watch_requests()
{
	local pid pids=()
	[[ ${KIND:-fcgi} == fcgi ]] || return 0
	for pid in $(responders); do
		pids+=(-p "$pid")
	done
	background "$T/strace.err" strace -qq -f -s 65536 -o "$T/trace" \
		-e trace=read,readv,recvfrom,recvmsg "${pids[@]}"
	TRACER=$PID
	for pid in $(responders); do
		wait_for 10 is_traced "$pid"
	done
}

# LeakSanitizer cannot work in a process that is traced to its end.
unwatch_requests()
{
	[[ ${KIND:-fcgi} == fcgi ]] || return 0
	kill "$TRACER"
	wait_for 10 gone "$TRACER"
}

# request_has NAME VALUE: this variable came with a request; for CGI, one that
# is being served now.
request_has()
{
	local pid
	if [[ ${KIND:-fcgi} == fcgi ]]; then
		grep -qsF "$1$2" "$T/trace"
		return
	fi
	for pid in $(responders); do
		if grep -qszxF "$1=$2" "/proc/$pid/environ"; then
			return 0
		fi
	done
	return 1
}

# Last-Event-ID resumes exactly; Origin and Cookie are there for the responder.
matrix_headers()
{
	local url=$1 at
	shift
	matrix_next
	sse_begin "$url/news" "$M" "$@"
	printf "$N: %s\n" one two >>"$SPOOL/news"
	wait_line "$M" "$N: two"
	sse_close
	same "\"$N: one\",\"$N: two\"" "$(texts "$M")"
	at=$(last_id "$M")
	printf "$N: %s\n" three four >>"$SPOOL/news"
	watch_requests
	sse_begin "$url/news" "$M.more" "$@" -H "Last-Event-ID: $at" \
		-H "Origin: https://origin-$N.example" -b "visit=cookie-$N"
	wait_line "$M.more" "$N: four"
	wait_for 10 request_has HTTP_LAST_EVENT_ID "$at"
	wait_for 10 request_has HTTP_ORIGIN "https://origin-$N.example"
	wait_for 10 request_has HTTP_COOKIE "visit=cookie-$N"
	unwatch_requests
	sse_close
	same "\"$N: three\",\"$N: four\"" "$(texts "$M.more")"
}

# --- statuses ---------------------------------------------------------------

# raw_head URL: what comes back for HEAD, to the last byte, in $T/raw; curl
# would not read a body that must not be there.
raw_head()
{
	local at=${1#http://} fd
	local host=${at%%/*}
	exec {fd}<>"/dev/tcp/${host%:*}/${host#*:}"
	printf 'HEAD /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' \
		"${at#*/}" "$host" >&"$fd"
	timeout 60 cat <&"$fd" >"$T/raw" 3>&-
	exec {fd}>&-
}

# HEAD is answered, whole and without a body.
matrix_head()
{
	local url=$1
	shift
	get "$url/news" --head "$@"
	same 200 "$STATUS"
	same 'text/event-stream; charset=utf-8' "$(header Content-Type)"
	[[ -n $(header Last-Event-ID) ]]
	if [[ $url == http://* ]]; then
		raw_head "$url/news"
		head -n 1 "$T/raw" | grep -q '^HTTP/1.1 200 '
		same '' "$(sed '1,/^\r$/d' "$T/raw")"
	fi
}

# refused WORD: one line of ours, unchanged, says why.
refused()
{
	[[ $(header Content-Type) == text/plain* ]]
	same 1 "$(wc -l <"$BODY")"
	grep -q "^spoolcast: .*$1" "$BODY"
}

# matrix_addresses URL [CURL OPTION...]: it answers a query and a slash at the
# end, and takes nothing of the site whose address begins in the same way.
matrix_addresses()
{
	local url=$1 at
	shift
	for at in '?channel=news' '/?channel=news' '/news/' '/x/news'; do
		get "$url$at" --head "$@"
		same 200 "$STATUS"
		[[ -n $(header Last-Event-ID) ]]
	done
	for at in .html ource.js -archive/x; do
		get "$url$at" -H 'Accept: text/event-stream' --max-time 10 "$@"
		same 404 "$STATUS"
		run ! grep -q spoolcast "$BODY"
	done
}

# Every status that is not 200 comes through with its headers and body.
matrix_statuses()
{
	local url=$1
	shift
	matrix_head "$url" "$@"
	matrix_addresses "$url" "$@"

	: >"$SPOOL/over"
	: >"$SPOOL/over.end"
	get "$url/over" -H 'Accept: text/event-stream' "$@"
	same 204 "$STATUS"
	same 0 "$(wc -c <"$BODY")"

	get "$url/-news" -H 'Accept: text/event-stream' "$@"
	same 400 "$STATUS"
	refused -news

	get "$url/other" -H 'Accept: text/event-stream' "$@"
	same 404 "$STATUS"
	refused other

	# A link to itself is a file that not even root can read.
	ln -sfn unreadable "$SPOOL/unreadable"
	# An EventSource never comes back after anything but 200.
	get "$url/unreadable" -H 'Accept: text/event-stream' "$@"
	same 200 "$STATUS"
	grep -q '^retry: ' "$BODY"
	grep -q '^: the spool' "$BODY"
}

# --- a server that is told to stop or to begin anew ---------------------------

# crowd_has EVENTS: so many have reached the viewers of matrix_across together.
crowd_has()
{
	local events admitted
	read -r events admitted <"$T/progress" || return
	((admitted == 5 && events >= $1))
}

# matrix_across DISTURB RECOVER: five viewers follow 200 lines.  After 100 the
# command DISTURB is run, 50 are written, then RECOVER is run.  Viewers who were
# cut off come back by themselves, and each gets every line once and in order.
# Short retry hints are useful here.  CONNECTIONS is how many they made.
matrix_across()
{
	local lines=$T/lines crowd
	matrix_next
	seq -f "$N: %g" 200 >"$lines"
	: >"$T/progress"
	node "$WEB/viewers.mjs" --url "$URL/news" --expect "$lines" \
		--viewers 5 --deadline 200 --progress "$T/progress" \
		>"$T/crowd" 3>&- &
	crowd=$!
	PIDS+=("$crowd")
	wait_for 30 crowd_has 0
	sed -n 1,100p "$lines" >>"$SPOOL/news"
	wait_for 30 crowd_has 500
	"$1"
	sed -n 101,150p "$lines" >>"$SPOOL/news"
	"$2"
	sed -n 151,200p "$lines" >>"$SPOOL/news"
	wait_for 60 gone "$crowd"
	if ! wait "$crowd"; then
		cat "$T/crowd" >&2
		return 1
	fi
	jq -e '.events == 1000 and .gaps == 0' "$T/crowd" >&2
	CONNECTIONS=$(jq .connections "$T/crowd")
}
