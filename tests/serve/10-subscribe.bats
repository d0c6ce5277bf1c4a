#!/usr/bin/env bats
# What a viewer gets for a request, through lighttpd.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

# ended CHANNEL LINE...: a channel that has these lines and is over.
ended()
{
	printf '%s\n' "${@:2}" >"$SPOOL/$1"
	: >"$SPOOL/$1.end"
}

# refused STATUS WORD: the last answer is this, said in one plain line.
refused()
{
	same "$1" "$STATUS"
	[[ $(header Content-Type) == text/plain* ]]
	same 1 "$(wc -l <"$BODY")"
	grep -qiF -- "$2" "$BODY"
}

@test "a line appended to a file reaches the viewer" {
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	echo hello >>"$SPOOL/news"
	wait_line "$T/s" hello
	echo 'hello again' >>"$SPOOL/news"
	wait_line "$T/s" 'hello again'
	sse_close
	same '"hello","hello again"' "$(texts "$T/s")"
}

@test "a stream begins with a retry hint and its starting id, in 400 bytes" {
	echo old >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	sse_close
	(($(wc -c <"$T/s") <= 400))
	same 'retry event data: id ' \
		"$(sed 's/: .*//' "$T/s" | tr -s '\n' ' ')"
	same "$(last_id "$T/s")" "$(header Last-Event-ID "$T/s.headers")"
	same '' "$(texts "$T/s")"
}

@test "the first bytes do not depend on there being a channel or history" {
	seq 3000 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=3" "$T/s"
	wait_line "$T/s" 3000
	sse_close
	same 'retry event data: id' \
			"$(sed -n 's/: .*//; 1,4p' "$T/s" | xargs)"
	same '"2998","2999","3000"' "$(texts "$T/s")"
}

@test "the response headers are those of the contract" {
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	sse_close
	HEAD=$T/s.headers
	same 'text/event-stream; charset=utf-8' "$(header Content-Type)"
	same 'no-cache, no-store, no-transform' "$(header Cache-Control)"
	same no "$(header X-Accel-Buffering)"
	same nosniff "$(header X-Content-Type-Options)"
	same identity "$(header Content-Encoding)"
	[[ $(header Last-Event-ID) =~ ^[A-Za-z0-9._~-]+$ ]]
	same '' "$(header Connection)"
	head -n 1 "$HEAD" | grep -q ' 200 '
}

@test "a stream begins with an event that says where" {
	local id
	: >"$SPOOL/news"
	start_lighttpd
	for query in '' '?open=1' '?open=0'; do
		sse_begin "$URL/news$query" "$T/s"
		echo next >>"$SPOOL/news"
		wait_line "$T/s" next
		sse_close
		id=$(header Last-Event-ID "$T/s.headers")
		[[ -n $id ]]
		same "retry: N event: spoolcast.open data: id: $id  data: next" \
			"$(head -n 6 "$T/s" |
				sed 's/^retry: [0-9]*$/retry: N/' | xargs -d '\n')"
		same '"next"' "$(texts "$T/s")"
	done
}

@test "a stream of a channel that does not exist says so, and the log once" {
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/ticker,news" "$T/s"
	wait_for 10 grep -qxF ': no channel "ticker" yet' "$T/s"
	sse_begin "$URL/ticker/" "$T/slash"
	wait_for 10 grep -qxF ': no channel "ticker" yet' "$T/slash"
	echo one >>"$SPOOL/news"
	wait_line "$T/s" one
	echo two >>"$SPOOL/ticker"
	wait_line "$T/s" two
	wait_line "$T/slash" two
	same '"one","two"' "$(texts "$T/s")"
	same 1 "$(grep -c '^: no channel' "$T/s")"
	same 1 "$(grep -c event=no-channel "$T/spoolcast.log")"
	sse_begin "$URL/ticker" "$T/s2"
	echo three >>"$SPOOL/ticker"
	wait_line "$T/s2" three
	same 0 "$(grep -c '^: no channel' "$T/s2" || true)"
}

@test "formats as others spell them are a 404, unless they are channels" {
	: >"$SPOOL/news"
	start_lighttpd
	for name in sse json raw ws; do
		get "$URL/$name" -H 'Accept: text/event-stream'
		same 404 "$STATUS"
		grep -q "^spoolcast: no channel \"$name\": .*/NAME" "$BODY"
	done
	get "$URL/news.json"
	same 404 "$STATUS"
	get "$URL/app.log"
	same 400 "$STATUS"
	grep -q 'ln -s app.log app' "$BODY"
	# Anyone who asks by a query means a channel.
	sse_begin "$URL?channel=raw" "$T/query"
	: >"$SPOOL/json"
	sse_begin "$URL/json" "$T/s"
	echo hello >>"$SPOOL/json"
	wait_line "$T/s" hello
}

@test "event=channel makes the channel the type of each event" {
	: >"$SPOOL/news"
	: >"$SPOOL/deploy.sse"
	start_lighttpd
	sse_begin "$URL/news,deploy?event=channel" "$T/s"
	sse_begin "$URL/news,deploy" "$T/plain"
	sse_begin "$URL/deploy?event=channel&type=build" "$T/build"
	echo one >>"$SPOOL/news"
	wait_line "$T/s" one
	printf 'data: two\n\nevent: build\ndata: three\n\n' \
		>>"$SPOOL/deploy.sse"
	wait_line "$T/s" three
	wait_line "$T/plain" three
	wait_line "$T/build" three
	same '"one"' "$(texts "$T/s" news)"
	same '"two"' "$(texts "$T/s" deploy)"
	same '"three"' "$(texts "$T/s" deploy.build)"
	same '"three"' "$(texts "$T/build" deploy.build)"
	same '"one","two"' "$(texts "$T/plain")"
	# What it says of itself keeps its type.
	: >"$SPOOL/news"
	wait_for 10 grep -q '^event: spoolcast.gap$' "$T/s"
	get "$URL/news?event=type"
	refused 400 channel
}

@test "beat=1 makes heartbeats events that a page can see" {
	ini '[stream]' 'heartbeat = 500ms'
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?beat=1" "$T/s"
	sse_begin "$URL/news" "$T/plain"
	beats() { (($(grep -cx "$1" "$2") >= 3)); }
	wait_for 20 beats 'event: spoolcast.beat' "$T/s"
	wait_for 20 beats : "$T/plain"
	echo after >>"$SPOOL/news"
	wait_line "$T/s" after
	same '"after"' "$(texts "$T/s")"
	same 0 "$(grep -cx : "$T/s" || true)"
	same 0 "$(grep -c spoolcast.beat "$T/plain" || true)"
}

@test "beat=1 gives heartbeats among events, too" {
	ini '[stream]' 'heartbeat = 500ms'
	: >"$SPOOL/deploy.sse"
	start_lighttpd
	sse_begin "$URL/deploy?beat=1" "$T/s"
	sse_begin "$URL/deploy" "$T/plain"
	local n=0
	# Events come more often than heartbeats would in a silence.
	more_beats()
	{
		n=$((n + 1))
		printf 'event: build\ndata: %s\n\n' "$n" >>"$SPOOL/deploy.sse"
		(($(grep -cx 'event: spoolcast.beat' "$T/s") >= 3))
	}
	wait_for 20 more_beats
	wait_line "$T/plain" "$n"
	# The client's cursor is where it was.
	same '"",""' "$(texts "$T/s" spoolcast.beat | cut -d , -f 1,2)"
	same "$(last_id "$T/plain")" "$(last_id "$T/s")"
}

@test "HEAD gives the headers of the stream, no body, and ends" {
	: >"$SPOOL/news"
	start_lighttpd
	get "$URL/news" --head
	same 200 "$STATUS"
	same 'text/event-stream; charset=utf-8' "$(header Content-Type)"
	[[ -n $(header Last-Event-ID) ]]
}

@test "OPTIONS says which methods there are, and lets no other site in" {
	start_lighttpd
	get "$URL/news" -X OPTIONS -H 'Origin: https://a.example' \
		-H 'Access-Control-Request-Method: GET'
	same 204 "$STATUS"
	[[ $(header Allow) == *GET*OPTIONS* ]]
	same '' "$(header Access-Control-Allow-Origin)"
	same 0 "$(wc -c <"$BODY")"
}

@test "an ended channel sends a new viewer away for good" {
	ended news one two
	start_lighttpd
	get "$URL/news" -H 'Accept: text/event-stream'
	same 204 "$STATUS"
	same 0 "$(wc -c <"$BODY")"
}

@test "who has not seen the end gets the rest first, then 204" {
	printf '%s\n' one two >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=2" "$T/s1"
	wait_line "$T/s1" two
	sse_close
	printf '%s\n' three four >>"$SPOOL/news"
	: >"$SPOOL/news.end"
	sse_open "$URL/news" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s1")"
	sse_end 20
	same '"three","four"' "$(texts "$T/s2")"
	events "$T/s2" --complete >"$T/events"
	get "$URL/news" -H 'Accept: text/event-stream' \
		-H "Last-Event-ID: $(last_id "$T/s2")"
	same 204 "$STATUS"
}

@test "a channel that ends while it is watched ends the stream" {
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	echo last >>"$SPOOL/news"
	: >"$SPOOL/news.end"
	sse_end 20
	same '"last"' "$(texts "$T/s")"
	events "$T/s" --complete >"$T/events"
	get "$URL/news" -H "Last-Event-ID: $(last_id "$T/s")"
	same 204 "$STATUS"
}

@test "a bad or missing name is 400" {
	start_lighttpd
	get "$URL/-news" && refused 400 -news
	get "$URL/" && refused 400 channel
	get "$URL/a%2Fb?x=1" && refused 400 channel
	get "$URL/news?channel=a..b" && refused 400 a..b
	get "$URL/$(printf 'n%.0s' {1..65})" && refused 400 nnn
}

@test "a bad query is 400 and too many channels are" {
	ini '[limits]' 'channels_per_stream = 3'
	start_lighttpd
	get "$URL/news?history=x" && refused 400 history
	get "$URL/news?padding=-1" && refused 400 padding
	get "$URL/news?mode=movie" && refused 400 mode
	get "$URL/a,b,c,d" && refused 400 channels
}

@test "a name that is not for the public is 404" {
	ini '[access]' 'channels = news, build-*'
	: >"$SPOOL/private"
	start_lighttpd
	get "$URL/private" -H 'Accept: text/event-stream'
	refused 404 private
	sse_begin "$URL/build-7" "$T/s"
}

@test "another method is 405, with Allow" {
	start_lighttpd
	get "$URL/news" -X DELETE
	refused 405 GET
	[[ $(header Allow) == *GET* && $(header Allow) == *HEAD* ]]
	get "$URL/news" -d hello
	refused 405 GET
}

@test "who accepts neither a stream nor JSON gets 406" {
	: >"$SPOOL/news"
	start_lighttpd
	get "$URL/news" -H 'Accept: image/png'
	refused 406 text/event-stream
	sse_begin "$URL/news" "$T/s" -H 'Accept:'
}

@test "with a broken configuration a browser is told to come back" {
	ini '[stream]' 'heartbeet = 15s'
	start_lighttpd
	get "$URL/news" -H 'Accept: text/event-stream'
	same 200 "$STATUS"
	[[ $(header Content-Type) == text/event-stream* ]]
	grep -q '^retry: [1-9]' "$BODY"
	node "$WEB/strict.mjs" --complete "$BODY" >"$T/events"
	same '' "$(jq 'select(.type)' "$T/events")"
	# So is a client that takes anything.
	get "$URL/news"
	turned_away configuration
	grep -q 'heartbeet' "$T/spoolcast.log"
	grep -qF "$INI" "$T/spoolcast.log"
}

@test "history=N starts N records back, capped by history_max" {
	ini '[stream]' 'history_max = 4'
	seq 9 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=2" "$T/s1"
	sse_begin "$URL/news?history=all" "$T/s2"
	sse_begin "$URL/news?history=7" "$T/s3"
	sse_begin "$URL/news?history=0" "$T/s4"
	echo 10 >>"$SPOOL/news"
	for s in 1 2 3 4; do
		wait_line "$T/s$s" 10
	done
	same '"8","9","10"' "$(texts "$T/s1")"
	same '"6","7","8","9","10"' "$(texts "$T/s2")"
	same '"6","7","8","9","10"' "$(texts "$T/s3")"
	same '"10"' "$(texts "$T/s4")"
}

@test "history=all is everything kept, and the configured default counts" {
	ini '[stream]' 'history = 2'
	seq 500 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/s1"
	wait_line "$T/s1" 500
	sse_begin "$URL/news" "$T/s2"
	wait_line "$T/s2" 500
	same "$(seq -s , -f '"%g"' 500)" "$(texts "$T/s1")"
	same '"499","500"' "$(texts "$T/s2")"
}

@test "type= lets through only events of these types" {
	: >"$SPOOL/deploy.sse"
	start_lighttpd
	sse_begin "$URL/deploy?type=build,test" "$T/s"
	printf '%s\n' 'event: build' 'data: 1' '' 'data: 2' '' 'event: test' \
		'data: 3' '' 'event: other' 'data: 4' '' 'event: build' \
		'data: 5' '' >>"$SPOOL/deploy.sse"
	wait_line "$T/s" 5
	sse_close
	same '["build","1"] ["test","3"] ["build","5"]' \
		"$(events "$T/s" | jq -c 'select(.type and
			(.type | startswith("spoolcast.") | not)) |
			[.type, .data]' | xargs -d '\n')"
}

@test "what type= holds back moves the cursor all the same" {
	ini '[stream]' 'heartbeat = 1s'
	: >"$SPOOL/deploy.sse"
	start_lighttpd
	sse_begin "$URL/deploy?type=build" "$T/s1"
	start=$(last_id "$T/s1")
	printf '%s\n' 'event: other' 'data: 1' '' >>"$SPOOL/deploy.sse"
	moved() { [[ $(last_id "$T/s1") != "$start" ]]; }
	wait_for 10 moved
	same '""' "$(texts "$T/s1" spoolcast.at)"
	sse_close
	sse_begin "$URL/deploy" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s1")"
	printf '%s\n' 'data: 2' '' >>"$SPOOL/deploy.sse"
	wait_line "$T/s2" 2
	same '"2"' "$(texts "$T/s2")"
	same '' "$(texts "$T/s2" other)"
}

@test "padding=N is a comment of N bytes after the first write" {
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?padding=3000" "$T/s1"
	sse_begin "$URL/news?padding=true" "$T/s2"
	echo after >>"$SPOOL/news"
	wait_line "$T/s1" after
	wait_line "$T/s2" after
	padding() { grep '^:' "$1" | wc -c; }
	local n1 n2
	n1=$(padding "$T/s1")
	n2=$(padding "$T/s2")
	((n1 >= 2990 && n1 <= 3010 && n2 >= 2038 && n2 <= 2058))
	(($(sed '/^:/q' "$T/s1" | grep -v '^:' | wc -c) <= 400))
	same '"after"' "$(texts "$T/s1")"
	same '"after"' "$(texts "$T/s2")"
}

@test "several channels come over one connection, however they are named" {
	: >"$SPOOL/news"
	: >"$SPOOL/deploy.sse"
	start_lighttpd
	sse_begin "$URL/news,deploy" "$T/s1"
	sse_begin "$URL/?channel=news&channel=deploy" "$T/s2"
	sse_begin "$URL/other?channel=news,deploy" "$T/s3"
	sse_begin "$URL/new%73,deploy" "$T/s4"
	for i in 1 2 3; do
		echo "line $i" >>"$SPOOL/news"
		printf 'event: d\ndata: block %s\n\n' $i >>"$SPOOL/deploy.sse"
	done
	for s in 1 2 3 4; do
		wait_line "$T/s$s" 'line 3'
		wait_line "$T/s$s" 'block 3'
		same '"line 1","line 2","line 3"' "$(texts "$T/s$s")"
		same '"block 1","block 2","block 3"' "$(texts "$T/s$s" d)"
	done
}

@test "a glob follows the channels that match, and those that appear later" {
	: >"$SPOOL/build-1"
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/build-*" "$T/s"
	echo one >>"$SPOOL/build-1"
	wait_line "$T/s" one
	echo other >>"$SPOOL/news"
	echo two >>"$SPOOL/build-2"
	wait_line "$T/s" two
	printf 'data: three\n\n' >"$T/block"
	mv "$T/block" "$SPOOL/build-3.sse"
	wait_line "$T/s" three
	echo four >>"$SPOOL/build-1"
	wait_line "$T/s" four
	sse_close
	same '"one","two","three","four"' "$(texts "$T/s")"
}

@test "a channel that does not exist yet is waited for" {
	start_lighttpd
	sse_begin "$URL/later" "$T/s"
	printf 'one\ntwo\n' >>"$SPOOL/later"
	wait_line "$T/s" two
	sse_close
	same '"one","two"' "$(texts "$T/s")"
}
