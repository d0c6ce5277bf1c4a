#!/usr/bin/env bats
# Peers on the socket that are no web servers, or bad ones: nobody else notices.

load ../helpers/common

setup()
{
	common_setup
	BUILD=${SPOOLCAST%/*}
	PEER=$BUILD/helpers/fcgi_peer
	: >"$SPOOL/news"
}

teardown() { stop_all; }

KINDS=(silent half-header half-begin half-params wrong-version huge-length
	flood-mgmt abort early-close early-close-half garbage)

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

# tell TEXT: the viewer gets a line that is written now.
tell()
{
	echo "$1" >>"$SPOOL/news"
	wait_line "$T/s" "$1"
}

# attack KIND COUNT: and the viewer is still served, in order and at once.
attack()
{
	"$PEER" "unix:$T/serve.sock" attack "$1" "$2" --hold 20 \
		--deadline 120 >>"$T/peer.log" 2>&1
	tell "after $1"
}

survive()
{
	local kind count=$1 before want
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s"
	tell first
	before=$(descriptors)
	want='"first"'
	for kind in "${KINDS[@]}"; do
		attack "$kind" "$count"
		want+=",\"after $kind\""
	done
	wait_for 30 no_more_descriptors "$before"
	same "$want" "$(texts "$T/s")"
}

@test "a thousand of each kind cost no viewer a line, and no descriptor" {
	local lines
	start_serve
	survive 1000
	# One line each at most; the log is not theirs to fill.
	lines=$(wc -l <"$T/serve.log")
	((lines <= 1000 * ${#KINDS[@]}))
	((lines <= 300))
}

@test "not a byte is leaked" {
	[[ $BUILD != */asan ]] || skip "LeakSanitizer looks at the test above"
	start_serve valgrind --quiet --leak-check=full --show-leak-kinds=all \
		--error-exitcode=9
	survive 50
	kill "$SERVE_PID"
	wait_for 60 gone "$SERVE_PID"
	wait "$SERVE_PID"
}

@test "while half a request waits, others are served at once" {
	local kind
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s"
	for kind in silent half-header half-begin half-params; do
		mkfifo "$T/$kind"
		background "$T/peer.log" "$PEER" "unix:$T/serve.sock" attack \
			"$kind" 100 --hold 100 --for 60 >"$T/$kind" &
		# It prints that it holds them; then it still does.
		read -r line <"$T/$kind"
		[[ $line == *holding* ]]
		tell "beside $kind"
		get "$URL/no.name"
		# shellcheck disable=SC2153 # get sets it
		same 400 "$STATUS"
	done
}

@test "another request id, and a connection that is used again, work" {
	start_serve
	printf '%s\n' a b >"$SPOOL/news"
	"$PEER" "unix:$T/serve.sock" get --keep REQUEST_METHOD=HEAD \
		REQUEST_URI=/news >"$T/keep" 2>"$T/keep.err"
	same 2 "$(grep -c '^Status: 200' "$T/keep")"
	touch "$SPOOL/news.end"
	"$PEER" "unix:$T/serve.sock" get --id 513 REQUEST_METHOD=GET \
		'REQUEST_URI=/news?history=2' >"$T/id" 2>"$T/id.err"
	same 'data: a data: b' "$(grep '^data: ' "$T/id" | xargs)"
}

@test "a parameter list beyond the limit is refused and the next one served" {
	start_serve
	head -c 200000 /dev/zero | tr '\0' x >"$T/long"
	run "$PEER" "unix:$T/serve.sock" get REQUEST_METHOD=HEAD \
		REQUEST_URI=/news "HTTP_X=$(head -c 100000 "$T/long")" \
		"HTTP_Y=$(head -c 100000 "$T/long")"
	((status != 0))
	"$PEER" "unix:$T/serve.sock" get REQUEST_METHOD=HEAD \
		REQUEST_URI=/news >"$T/out"
	grep -q '^Status: 200' "$T/out"
}
