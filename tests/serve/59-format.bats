#!/usr/bin/env bats
# What spoolcast.spool(5) says is enough to make the same ids.

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

# same_ids NAME FILE: the ids of a stream are those made from the files.
same_ids()
{
	sse_begin "$URL/$1?history=all" "$T/$1"
	wait_line "$T/$1" last
	node "$WEB/ids.mjs" "$SPOOL" "$1" "$2" >"$T/want"
	[[ -s $T/want ]]
	same "$(cat "$T/want")" \
		"$(events "$T/$1" | jq -r 'select(.data and
			.type != "spoolcast.open") | .id')"
}

@test "ids are made as the manual says" {
	seq 100 >"$SPOOL/news.2"
	printf '%s\n' a b >"$SPOOL/news.1"
	printf '%s\n' c last >"$SPOOL/news"
	printf 'data: 1\n\n' >"$SPOOL/deploy.sse.1"
	printf 'event: x\ndata: last\n\n' >"$SPOOL/deploy.sse"
	start_lighttpd
	same_ids news news
	same_ids deploy deploy.sse
}

@test "those of a pipe, from its journal" {
	mkfifo "$SPOOL/alerts.fifo"
	start_lighttpd
	printf '%s\n' one two last >"$SPOOL/alerts.fifo"
	sse_begin "$URL/alerts?history=all" "$T/s"
	wait_line "$T/s" last
	node "$WEB/ids.mjs" "$SPOOL/.spoolcast" alerts alerts.fifo.log >"$T/want"
	same 3 "$(wc -l <"$T/want")"
	same "$(cat "$T/want")" \
		"$(events "$T/s" | jq -r 'select(.data and
			.type != "spoolcast.open") | .id')"
}
