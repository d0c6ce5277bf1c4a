#!/usr/bin/env bats
# Many viewers, a fast writer, and nobody spared: nothing lost or doubled.

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

VIEWERS=200
LINES_IN_ALL=5000

# progress EVENTS VIEWERS: so many events were got, by so many viewers, in all.
progress()
{
	local events=0 admitted=0
	read -r events admitted 2>/dev/null <"$T/progress" || return 1
	((events >= $1 && admitted >= $2))
}

# append FROM TO: these lines, each by its own >>, as a shell does it.
append()
{
	sed -n "$1,$2p" "$T/lines" | bash -c \
		'while IFS= read -r l; do echo "$l" >>"$1"; done' - "$SPOOL/news"
}

kill_responder()
{
	wait_for 30 has_responder
	# shellcheck disable=SC2046 # one or more numbers
	kill -KILL $(responder_pids)
}

@test "200 viewers get every line once, in order, whatever is killed" {
	ini '[stream]' 'retry = 200ms' 'reconnect_rate = 10000'
	: >"$SPOOL/news"
	seq -f 'line %g of the crowd' $LINES_IN_ALL >"$T/lines"
	start_lighttpd
	node "$WEB/viewers.mjs" --url "$URL/news" --expect "$T/lines" \
		--viewers $VIEWERS --kill-random 50 --deadline 240 \
		--progress "$T/progress" >"$T/result" 3>&- &
	local crowd=$!
	PIDS+=("$crowd")
	wait_for 60 progress 0 $VIEWERS

	# Both kills come while lines of theirs are under way.
	append 1 1500
	wait_for 60 progress $((VIEWERS * 100)) $VIEWERS
	kill_responder
	append 1501 3500
	wait_for 60 progress $((VIEWERS * 1600)) $VIEWERS
	kill_responder
	append 3501 $LINES_IN_ALL

	wait_for 240 gone "$crowd"
	wait "$crowd" || { cat "$T/result" >&2; return 1; }
	jq -e --argjson events $((VIEWERS * LINES_IN_ALL)) \
		'.events == $events and .kills == 50 and .gaps == 0' "$T/result"
	# Who was away already when a kill came is cut off once less.
	jq -e --argjson viewers $VIEWERS '.reconnects >= $viewers' "$T/result"
	same 3 "$(grep -c 'event=serving' "$T/spoolcast.log")"
}
