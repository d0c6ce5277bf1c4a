# shellcheck shell=bash disable=SC2034,SC2153
# Flush modes behind servers that hold responses back.
#
#	load ../helpers/common
#	load ../helpers/matrix
#	load ../helpers/modes
#	load ../helpers/readers
#
# beside the helpers of the server; common.bash and matrix.bash say what else is
# to be set.  The functions take URL [CURL OPTION...] where matrix_both is to
# call them.

# modes_three FUNCTION: as matrix_both, and over HTTP/1.1 with TLS.
modes_three()
{
	matrix_both "$1"
	"$1" "$URL_TLS" -k --http1.1
}

# Each of ${COUNT:-400} events is with the viewer before the next is written,
# and they are of random sizes up to ${MAX:-9000} bytes, so that their ends fall
# on every place of a server's buffer.
modes_lockstep()
{
	local url=$1 http2=()
	shift
	matrix_next
	[[ $(version_of "$@") != 2 ]] || http2=(--http2)
	node "$WEB/lockstep.mjs" --url "$url/news" --file "$SPOOL/news" \
		--count "${COUNT:-400}" --max "${MAX:-9000}" \
		--deadline $((20 * ${WAIT_FACTOR:-1})) --save "$M" \
		"${http2[@]}" >"$M.result" 3>&- || {
		cat "$M.result" >&2
		return 1
	}
	same "${COUNT:-400}" "$(jq .events "$M.result")"
	events "$M" >"$M.events"
	same "${COUNT:-400}" "$(grep -c '"message"' "$M.events")"
}

# Heartbeats get through, each by itself; matrix_ini was told HEARTBEAT=300ms.
modes_beats()
{
	local url=$1 n
	shift
	matrix_next
	sse_begin "$url/news" "$M" "$@"
	for n in {1..3}; do
		wait_for 10 modes_has_beats "$M" "$n"
	done
	sse_close
}

modes_has_beats()
{
	(($(grep -cx ':' "$1") >= $2))
}

# Nothing gets to the viewer when another who came later has already the start
# of the stream and ${EVENTS:-10} events.  FLOWS is a way by which they flow,
# $URL if unset; if it is one by TLS, HTTP/2.
modes_held()
{
	local url=$1 n
	shift
	matrix_next
	sse_open "$url/news" "$M" "$@"
	wait_for 20 viewers_are 1
	sse_begin "${FLOWS:-$URL}/news" "$M.beside" "${TLS_OPTIONS[@]}"
	for ((n = 1; n <= ${EVENTS:-10}; n++)); do
		echo "$N: $n" >>"$SPOOL/news"
		wait_line "$M.beside" "$N: $n"
	done
	same 0 "$(wc -c <"$M")"
}

# --- mode close --------------------------------------------------------------

# modes_at URL [CURL OPTION...]: AT is where a stream of URL would begin now.  A
# viewer that says so misses nothing that is written before it is let in.
modes_at()
{
	get "$1" --head "${@:2}"
	AT=$(header Last-Event-ID)
	[[ -n $AT ]]
}

# modes_open URL FILE [CURL OPTION...]: a viewer of what comes from now on; done
# when it is connected, as ${BESIDE:-0} others are.
modes_open()
{
	modes_at "$1" "${@:3}"
	sse_open "$@" -H "Last-Event-ID: $AT"
	wait_for 20 viewers_are $((1 + ${BESIDE:-0}))
}

# The response of modes_open has ended.
modes_end()
{
	sse_end 20
	wait_for 20 viewers_are "${BESIDE:-0}"
}

# modes_poll URL FILE LINE [CURL OPTION...]: one request, and LINE while it
# waits; done when the response has ended.
modes_poll()
{
	local url=$1 file=$2 line=$3
	shift 3
	modes_open "$url" "$file" "$@"
	echo "$line" >>"$SPOOL/news"
	modes_end
}

# A response has a hint, its first event and a hint, and the next goes on there.
modes_each_at_once()
{
	local url=$1 n
	shift
	matrix_next
	modes_at "$url/news" "$@"
	for n in {1..20}; do
		sse_open "$url/news" "$M.$n" "$@" -H "Last-Event-ID: $AT"
		wait_for 20 viewers_are 1
		echo "$N: $n" >>"$SPOOL/news"
		modes_end
		speaks "$(version_of "$@")" "$M.$n.headers"
		events "$M.$n" --complete >"$M.events"
		same "[null,\"\",\"$N: $n\",null]" "$(jq -sc 'map(.data)' \
			"$M.events")"
		AT=$(last_id "$M.$n")
	done
}

# modes_follow COUNT [OPTION...]: a reader (see readers.bash) that honours
# `retry:` and Last-Event-ID and expects the lines 1 to COUNT of $T/lines, all
# that news will ever have.
modes_follow()
{
	seq -f 'line %g' "$1" >"$T/lines"
	follow "$URL/news?history=all" --deadline 200 "${@:2}"
	wait_for 60 viewers_are 1
}
