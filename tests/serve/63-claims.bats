#!/usr/bin/env bats
# An id is a claim by a stranger: whatever it says, and however well it is
# sealed, it costs no more than an honest one and shows nothing but whole
# records.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common

setup()
{
	common_setup
	BUILD=${SPOOLCAST%/*}
	: >"$SPOOL/quiet"
}

teardown() { stop_all; }

# bend ID CHANGE...: prints it with other numbers in it, sealed anew.
bend()
{
	"$BUILD/helpers/bend_id" "$@"
}

descriptors()
{
	local all=("/proc/$SERVE_PID/fd/"*)
	echo "${#all[@]}"
}

# no_more_descriptors N: as of when N were counted; a connection that was being
# closed may have counted then.
no_more_descriptors()
{
	(($(descriptors) <= $1))
}

# without_one: news and news.2, and no news.1, for so long that nobody can be
# renaming them.
without_one()
{
	echo old >"$SPOOL/news.2"
	seq 5 >"$SPOOL/news"
	is_old() { (($(date +%s) - $(stat -c %Z "$SPOOL/news.2") > 4)); }
	wait_for 10 is_old
}

# peer NAME=VALUE...: a request at the socket of the responder, without a web
# server that would keep a stream whose viewer has gone.
peer()
{
	"$BUILD/helpers/fcgi_peer" "unix:$T/serve.sock" get "$@" \
		HTTP_ACCEPT=text/event-stream 2>>"$T/peer.err"
}

# id_now URI: where its end is.
id_now()
{
	peer REQUEST_METHOD=HEAD "REQUEST_URI=$1" | tr -d '\r' |
		sed -n 's/^Last-Event-ID: //p'
}

# watch URI FILE: a stream, until unwatch.
watch()
{
	: >"$2"
	background "$T/peer.err" "$BUILD/helpers/fcgi_peer" \
		"unix:$T/serve.sock" get REQUEST_METHOD=GET \
		"REQUEST_URI=$1" HTTP_ACCEPT=text/event-stream >"$2"
	VIEWER=$PID
	wait_for 10 grep -q '^id: ' "$2"
}

unwatch()
{
	kill "$VIEWER"
	wait_for 10 gone "$VIEWER"
}

# ask_often ID COUNT: so many HEADs of news come with this id, one by one.
ask_often()
{
	"$BUILD/helpers/beside" --address "unix:$T/serve.sock" --probe /quiet \
		--file "$SPOOL/quiet" --clients 1 --ask /news --head \
		--id "$1" --again --answers "$2" >"$T/beside"
}

@test "ids with a wrong check take no descriptor where a number is missing" {
	local id before
	without_one
	start_serve
	start_lighttpd_socket
	id=$(bend "$(id_now /news)" check=wrong)
	# Nobody watches, so the files are opened anew for each.
	ask_often "$id" 1
	before=$(descriptors)
	ask_often "$id" 1100
	wait_for 10 no_more_descriptors "$before"
	sse_begin "$URL/news" "$T/s" -H "Last-Event-ID: $id"
	wait_line "$T/s" 5
	same '"replaced"' "$(texts "$T/s" spoolcast.gap | jq -r . |
		jq .reason)"
}

@test "a file that is cut takes no descriptor where a number is missing" {
	local n before=''
	without_one
	start_serve
	before=$(descriptors)
	has_gap() { grep -q '^event: spoolcast.gap' "$T/s"; }
	for n in {1..30}; do
		echo "line $n, which is longer" >"$SPOOL/news"
		watch '/news?history=all' "$T/s"
		wait_line "$T/s" "line $n, which is longer"
		echo "new $n" >"$SPOOL/news"
		wait_for 10 has_gap
		wait_line "$T/s" "new $n"
		unwatch
	done
	wait_for 10 no_more_descriptors "$before"
}

# --- places ---------------------------------------------------------------

# ask ID: what a viewer with this id has missed of news, to $T/missed; news of
# one request, as of plain CGI.
ask()
{
	timeout 60 env REQUEST_METHOD=GET REQUEST_URI=/news \
		HTTP_ACCEPT=text/event-stream "HTTP_LAST_EVENT_ID=$1" \
		"$SPOOLCAST" >"$T/missed" 2>>"$T/cgi.log"
}

# flat FILE: the events of a stream, a line for each: its type, then its data.
flat()
{
	tr -d '\r' <"$1" | sed '1,/^$/d' | awk '
		/^event: / { type = substr($0, 8) }
		/^data: / { data = data "|" substr($0, 7); has = 1 }
		/^$/ {
			if (has && type !~ /^spoolcast\.(open|at)$/)
				print type data
			type = data = ""
			has = 0
		}'
}

# is_whole: what was missed is told of as a gap, and then it is all there is,
# or it is the last so many of all.
is_whole()
{
	local n
	flat "$T/missed" >"$T/flat"
	n=$(wc -l <"$T/flat")
	if [[ $(head -n 1 "$T/flat") == spoolcast.gap* ]]; then
		sed -n 1p "$T/flat" |
			grep -qE '"reason":"(replaced|unknown)","resumed"' &&
			sed 1d "$T/flat" | cmp -s - "$T/all"
	else
		tail -n "$n" "$T/all" | cmp -s - "$T/flat"
	fi
}

# every_place FILE [OFFSET...]: whoever claims to have come so far in it (at all
# places, if none are named), by an id that is right in all else, has whole
# records only, and what ids are made of is believed.
every_place()
{
	local offset id bent size bad=0 file=$1
	shift
	ask x
	flat "$T/missed" | sed 1d >"$T/all"
	# The place behind each event, and before the first.
	grep '^id: ' "$T/missed" | tr -d '\r' | cut -c 5- >"$T/honest"
	id=$(tail -n 1 "$T/honest")
	size=$(stat -c %s "$file")
	(($# > 0)) || eval "set -- {0..$size}"
	for offset; do
		bent=$(bend "$id" "offset=$offset" "check=$file")
		ask "$bent"
		if ! is_whole || { grep -qxF -e "$bent" "$T/honest" &&
			grep -q '^event: spoolcast.gap' "$T/missed"; }; then
			bad=$((bad + 1))
			printf 'at %s:\n' "$offset"
			cat "$T/flat"
		fi
	done
	# All of it was as honest ids say.
	same "$id" "$(bend "$id" "offset=$size" "check=$file")"
	((bad == 0))
}

by_one()
{
	ini '[flush]' 'mode = close' 'hold = 0' "$@"
}

@test "in a log of lines no place within a line is believed" {
	by_one
	printf 'one\n\ntwo, event: spoolcast.gap\r\nthree\rdata: x\nfour\n' \
		>"$SPOOL/news"
	every_place "$SPOOL/news"
}

@test "in a log of blocks no place within a record is believed" {
	by_one
	printf '%s\n' 'data: one' '' ': a comment' '' 'event: build' \
		'data: event: spoolcast.gap' 'data: data: {"forged":1}' \
		'id: 7' '' 'data: four' '' >"$SPOOL/news.sse"
	every_place "$SPOOL/news.sse"
}

@test "no place within a record that has expired is believed" {
	by_one
	printf '%s\n' 'data: one' '' 'event: build' 'expires: 1' \
		'data: expired' 'data: long ago' '' 'data: last' '' \
		>"$SPOOL/news.sse"
	every_place "$SPOOL/news.sse"
}

@test "no place within a record that is too large is believed" {
	local places
	by_one '[spool]' 'max_record = 1K'
	{
		printf 'data: one\n\n'
		printf 'data: part %s\n' {1..110}
		printf '\ndata: last\n\n'
	} >"$SPOOL/news.sse"
	# Where some of its lines begin, and behind it.
	mapfile -t places < <(grep -bE '[05]$|last' "$SPOOL/news.sse" |
		cut -d : -f 1)
	every_place "$SPOOL/news.sse" "${places[@]}"
}

@test "no place within a line that is too large is believed" {
	by_one '[spool]' 'max_record = 1K'
	{
		echo one
		printf 'part %s, ' {1..200}
		printf '\nlast\n'
	} >"$SPOOL/news"
	every_place "$SPOOL/news" 4 5 6 400 800 1200 1600 \
		$(($(stat -c %s "$SPOOL/news") - 5))
}

@test "what was read of the segment before has its end behind a record, too" {
	local id by
	by_one
	printf 'older %s\n' 1 2 3 >"$SPOOL/news.1"
	printf 'line %s\n' 1 2 3 >"$SPOOL/news"
	ask x
	flat "$T/missed" | sed 1d >"$T/all"
	id=$(grep '^id: ' "$T/missed" | tr -d '\r' | cut -c 5- | tail -n 2 |
		head -n 1)
	for ((by = -30; by <= 30; by++)); do
		ask "$(bend "$id" "before=$(printf %+d "$by")")"
		flat "$T/missed" | grep -v '^spoolcast.gap' >"$T/flat" || true
		# Whole records, in order.
		echo "by $by: $(xargs <"$T/flat")"
		grep -nxFf "$T/flat" "$T/all" | cut -d : -f 2- |
			cmp - "$T/flat"
	done
}

# calls_of N: how often a process asks the system about files, where the
# channel has so many segments and the id a wrong check; its open files are
# counted, too.
calls_of()
{
	local n
	rm -f "$SPOOL"/news*
	for ((n = $1 - 1; n > 0; n--)); do
		echo "$n" >"$SPOOL/news.$n"
	done
	echo 0 >"$SPOOL/news"
	ask x
	ID=$(bend "$(grep '^id: ' "$T/missed" | tr -d '\r' | cut -c 5- |
		tail -n 1)" check=wrong)
	timeout 100 strace -f -o "$T/strace" env REQUEST_METHOD="$2" \
		REQUEST_URI=/news HTTP_ACCEPT=text/event-stream \
		"HTTP_LAST_EVENT_ID=$ID" "$SPOOLCAST" >"$T/missed" \
		2>>"$T/cgi.log"
	wc -l <"$T/strace"
}

@test "what a wrong check costs grows as the number of segments does" {
	local method few many
	# LeakSanitizer cannot work in a process that is traced.
	ASAN_OPTIONS+=:detect_leaks=0
	export ASAN_OPTIONS
	by_one '[stream]' 'on_gap = newest'
	for method in GET HEAD; do
		few=$(calls_of 200 "$method")
		many=$(calls_of 400 "$method")
		echo "$method: $few calls with 200 segments, $many with 400"
		((many < 3 * few))
	done
}
