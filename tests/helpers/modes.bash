# shellcheck shell=bash disable=SC2034,SC2153
# Flush modes behind servers that hold responses back.
#
#	load ../helpers/common
#	load ../helpers/matrix
#	load ../helpers/modes
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

# Each of ${COUNT:-200} events is with the viewer before the next is written,
# and they are of random sizes up to ${MAX:-9000} bytes, so that their ends fall
# on every place of a server's buffer.
modes_lockstep()
{
	local url=$1 http2=()
	shift
	matrix_next
	[[ $(version_of "$@") != 2 ]] || http2=(--http2)
	node "$WEB/lockstep.mjs" --url "$url/news" --channel "$SPOOL/news" \
		--count "${COUNT:-200}" --max "${MAX:-9000}" \
		--deadline $((20 * ${WAIT_FACTOR:-1})) --save "$M" \
		"${http2[@]}" >"$M.result" 3>&- || {
		cat "$M.result" >&2
		return 1
	}
	same "${COUNT:-200}" "$(jq .events "$M.result")"
	events "$M" >"$M.events"
	same "${COUNT:-200}" "$(grep -c '"message"' "$M.events")"
}
