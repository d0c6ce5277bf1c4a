# shellcheck shell=bash disable=SC2034,SC2119,SC2120
# What the bats files share: a folder, a spool and a configuration for each
# test, real servers in front of the program, viewers, waiting, cleaning up.
#
#	load ../helpers/common
#	setup() { common_setup; }
#	teardown() { stop_all; }
#
# After common_setup: T is the test's own folder, SPOOL its spool, INI its
# configuration (also in $SPOOLCAST_CONFIG), SPOOLCAST the program, ROOT the
# checkout, WEB the folder of the readers.
#
# Everything a test starts carries $SPOOLCAST_TEST in its environment; by that
# stop_all finds what is left behind, whoever started it.

bats_require_minimum_version 1.5.0

common_setup()
{
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	WEB=$ROOT/tests/web
	SPOOLCAST=${SPOOLCAST:-$ROOT/build/spoolcast}
	[[ $SPOOLCAST == /* ]] || SPOOLCAST=$PWD/$SPOOLCAST
	T=$BATS_TEST_TMPDIR
	SPOOL=$T/spool
	INI=$T/spoolcast.ini
	PIDS=()
	mkdir -p "$SPOOL" "$T/www"
	ini
	export SPOOLCAST SPOOLCAST_CONFIG=$INI SPOOLCAST_TEST=$T TMPDIR=$T
	export HOME=$T PATH=$PATH:/usr/sbin
}

# ini LINE...: the configuration is these lines after [spool] path.
ini()
{
	printf '%s\n' '[spool]' "path = $SPOOL" "$@" >"$INI"
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; the only way to wait.
# Slower variants of the program get more time by WAIT_FACTOR.
wait_for()
{
	local end=$((SECONDS + 1 + $1 * ${WAIT_FACTOR:-1})) limit=$1
	shift
	until "$@"; do
		if ((SECONDS > end)); then
			printf 'not so after %s s: %s\n' "$limit" "$*" >&2
			return 1
		fi
		sleep 0.03
	done
}

# gone PID: it has ended; one that only waits to be reaped has.
gone()
{
	local state
	state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) || return 0
	[[ -z $state || $state == [ZX] ]]
}

# Prints the process ids of all that this test started and that still run.
marked()
{
	(
		unset SPOOLCAST_TEST
		grep -lszxF "SPOOLCAST_TEST=$T" /proc/[0-9]*/environ |
			tr -dc '0-9\n'
	)
}

none_marked()
{
	[[ -z $(marked) ]]
}

# stop_all: for teardown.  Fails if anything outlives being asked to stop.
stop_all()
{
	local pid left status=0
	for pid in "${PIDS[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	if ! wait_for 10 none_marked; then
		status=1
		for left in $(marked); do
			printf 'still running: %s %s\n' "$left" \
				"$(tr '\0' ' ' <"/proc/$left/cmdline")" >&2
			kill -KILL "$left" 2>/dev/null || true
		done
	fi
	if [[ -z ${BATS_TEST_COMPLETED:-} || $status != 0 ]]; then
		show_logs
	fi
	return "$status"
}

show_logs()
{
	local file
	for file in "$T"/*.log "$T"/*.err; do
		if [[ -s $file ]]; then
			printf -- '--- %s\n' "${file##*/}"
			tail -n 40 "$file"
		fi
	done >&2
}

# background FILE COMMAND...: starts COMMAND with stderr to FILE; PID is it.
background()
{
	local log=$1
	shift
	"$@" 2>>"$log" 3>&- &
	PID=$!
	PIDS+=("$PID")
}

# --- servers -------------------------------------------------------------

# lighttpd_conf LINE...: a lighttpd on $PORT whose files are $T/www.
lighttpd_conf()
{
	local fds
	fds=$(ulimit -Hn)
	[[ $fds != unlimited ]] && ((fds < 8192)) || fds=8192
	printf '%s\n' "server.document-root = \"$T/www\"" \
		'server.bind = "127.0.0.1"' "server.port = $PORT" \
		"server.errorlog = \"$T/lighttpd.log\"" \
		"server.breakagelog = \"$T/spoolcast.log\"" \
		"server.upload-dirs = (\"$T\")" "server.max-fds = $fds" \
		'server.stream-response-body = 2' \
		'mimetype.assign = (".html" => "text/html")' "$@" \
		>"$T/lighttpd.conf"
}

lighttpd_is_up()
{
	grep -qs 'server started' "$T/lighttpd.log" || gone "$LIGHTTPD_PID"
}

# lighttpd_include FILE: that configuration as it is, but on $PORT.
lighttpd_include()
{
	printf '%s\n' "include \"$1\"" "server.port := $PORT" \
		"server.errorlog = \"$T/lighttpd.log\"" \
		"server.breakagelog = \"$T/spoolcast.log\"" \
		"server.upload-dirs = (\"$T\")" >"$T/lighttpd.conf"
}

# run_lighttpd LINE...: with these lines of configuration.
run_lighttpd()
{
	on_free_port lighttpd_conf "$@"
}

# run_lighttpd_conf FILE: with this configuration.
run_lighttpd_conf()
{
	on_free_port lighttpd_include "$1"
}

# on_free_port CONFIGURE...: runs lighttpd on a port that was free.  Whether it
# was, only the attempt to bind it can tell, so another is drawn until that
# succeeds; each time CONFIGURE writes the configuration anew.
on_free_port()
{
	local tries
	for tries in {1..20}; do
		PORT=$((20000 + RANDOM % 12000))
		"$@"
		: >"$T/lighttpd.log"
		background "$T/lighttpd.err" lighttpd -D -f "$T/lighttpd.conf"
		LIGHTTPD_PID=$PID
		wait_for 10 lighttpd_is_up
		if ! gone "$LIGHTTPD_PID"; then
			ORIGIN=http://127.0.0.1:$PORT
			URL=$ORIGIN/events
			return 0
		fi
		grep -qs 'already in use' "$T"/lighttpd.{log,err} || break
	done
	printf 'lighttpd does not start (try %s)\n' "$tries" >&2
	return 1
}

# start_lighttpd [LINE...]: with the program as a responder that it starts
# itself, at $URL; further lines of its configuration may follow.
start_lighttpd()
{
	run_lighttpd 'server.modules = ("mod_fastcgi")' \
		"fastcgi.server = (\"/events\" => ((
			\"bin-path\" => \"$SPOOLCAST\",
			\"socket\" => \"$T/sc.sock\",
			\"max-procs\" => 1,
			\"check-local\" => \"disable\")))" "$@"
}

# start_lighttpd_socket [LINE...]: with the responder of start_serve.
start_lighttpd_socket()
{
	run_lighttpd 'server.modules = ("mod_fastcgi")' \
		"fastcgi.server = (\"/events\" => ((
			\"socket\" => \"$T/serve.sock\",
			\"check-local\" => \"disable\")))" "$@"
}

# cgi_environment NAME...: the line that hands these variables, and those that
# tests live by, down to CGI programs; mod_cgi passes none by itself.
cgi_environment()
{
	local name set=''
	for name in SPOOLCAST_TEST SPOOLCAST_RUN ASAN_OPTIONS UBSAN_OPTIONS \
		"$@"; do
		set+="\"$name\" => \"${!name:-}\", "
	done
	printf 'setenv.set-environment = (%s)\n' "$set"
}

# start_lighttpd_cgi [LINE...]: with the program as plain CGI.
start_lighttpd_cgi()
{
	run_lighttpd \
		'server.modules = ("mod_alias", "mod_setenv", "mod_cgi")' \
		"alias.url = (\"/events\" => \"$SPOOLCAST\")" \
		"$(cgi_environment SPOOLCAST_CONFIG)" \
		"\$HTTP[\"url\"] =~ \"^/events\" { cgi.assign = (\"\" => \"\") }" \
		"$@"
}

# listens PATH: somebody listens on that socket; it is there a moment before.
listens()
{
	[[ -n $(awk -v path="$1" '$4 == "00010000" && $8 == path' \
		/proc/net/unix) ]]
}

# start_serve [COMMAND...]: `spoolcast serve` on a socket of its own, run by
# COMMAND (strace …) if one is given.
start_serve()
{
	background "$T/serve.log" "$@" "$SPOOLCAST" serve \
		--listen "unix:$T/serve.sock"
	SERVE_PID=$PID
	wait_for 10 listens "$T/serve.sock"
}

# Prints the process ids of the responders that lighttpd runs now.
responder_pids()
{
	pgrep -P "$LIGHTTPD_PID"
}

has_responder()
{
	[[ -n $(responder_pids) ]]
}

# --- viewers -------------------------------------------------------------

# sse_open URL FILE [CURL OPTION...]: a viewer in the background, its stream
# in FILE, the head of the response in FILE.headers, its status code, once it
# has ended, in FILE.status.  VIEWER is its process id.
sse_open()
{
	local url=$1 file=$2
	shift 2
	: >"$file"
	curl -sSNg --http1.1 -H 'Accept: text/event-stream' -o "$file" \
		-D "$file.headers" -w '%{http_code}' "$@" "$url" \
		>"$file.status" 2>>"$file.err" 3>&- &
	VIEWER=$!
	PIDS+=("$VIEWER")
}

# sse_begin URL FILE [CURL OPTION...]: sse_open, and wait until the stream has
# said where it starts.
sse_begin()
{
	sse_open "$@"
	wait_for 10 grep -q '^id: ' "$2"
}

# sse_close [PID]: the viewer goes away.
sse_close()
{
	local pid=${1:-$VIEWER}
	kill "$pid" 2>/dev/null || true
	wait_for 10 gone "$pid"
}

# sse_end SECONDS [PID]: wait until the server ends the stream, whole.
sse_end()
{
	local pid=${2:-$VIEWER}
	wait_for "$1" gone "$pid"
	wait "$pid"
}

# has_line FILE TEXT [COUNT]: an event whose data is the line TEXT has come
# (COUNT times at least).
has_line()
{
	(($(grep -cxF "data: $2" "$1") >= ${3:-1}))
}

# wait_line FILE TEXT [COUNT]
wait_line()
{
	wait_for 10 has_line "$@"
}

# events FILE [STRICT OPTION...]: its events as JSON lines, after every check
# that the strict reader knows.
events()
{
	local file=$1
	shift
	node "$WEB/strict.mjs" "$@" "$file"
}

# texts FILE [TYPE]: the data of its events of TYPE (message) as JSON strings
# between commas.
texts()
{
	events "$1" | jq -nc --arg type "${2:-message}" \
		'[inputs | select(.type == $type) | .data]' |
		sed 's/^\[//; s/\]$//'
}

# id_of FILE TEXT: the id of the event with this data.
id_of()
{
	events "$1" | jq -r --arg data "$2" 'select(.data == $data) | .id'
}

# last_id FILE: where the viewer of this stream is now, as a browser sees it.
last_id()
{
	awk '/^id: /{ id = substr($0, 5) } /^$/{ at = id } END { print at }' \
		"$1"
}

# get URL [CURL OPTION...]: one request that ends by itself; STATUS is its
# code, BODY the file of its body, HEAD that of its headers.
get()
{
	local url=$1
	shift
	BODY=$T/body
	HEAD=$T/head
	: >"$BODY"
	STATUS=$(curl -sSg --http1.1 --max-time 60 -o "$BODY" -D "$HEAD" \
		-w '%{http_code}' "$@" "$url")
}

# turned_away [WHY]: the last response, which ended, was a stream that says when
# to come back, and WHY not now.
turned_away()
{
	[[ $STATUS == 200 ]] && grep -q '^retry: [1-9]' "$BODY" &&
		grep -q "^: .*${1:-}" "$BODY"
}

# header NAME [FILE]: its value in the last response.
header()
{
	tr -d '\r' <"${2:-$HEAD}" | awk -F ': ' -v name="${1,,}" \
		'tolower($1) == name { sub(/^[^:]*: /, ""); print }'
}

# same WANT GOT: fails with both shown when they differ.
same()
{
	if [[ $1 != "$2" ]]; then
		printf 'want: %s\n got: %s\n' "$1" "$2" >&2
		return 1
	fi
}
