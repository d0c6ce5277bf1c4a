#!/usr/bin/env bats
# A viewer that comes back with an id gets exactly what follows it.

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

# first_ids URL LINE: reads a stream up to LINE into $T/first.
first_part()
{
	sse_begin "$1" "$T/first"
	wait_line "$T/first" "$2"
	sse_close
}

@test "the header gives exactly the events after the id" {
	seq 20 >"$SPOOL/news"
	start_lighttpd
	first_part "$URL/news?history=all" 20
	for n in 1 7 19; do
		sse_begin "$URL/news" "$T/s$n" \
			-H "Last-Event-ID: $(id_of "$T/first" $n)"
		wait_line "$T/s$n" 20
		same "$(seq -s , -f '"%g"' $((n + 1)) 20)" "$(texts "$T/s$n")"
		same "$(id_of "$T/first" 20)" "$(id_of "$T/s$n" 20)"
	done
}

@test "each of the query names does too, and the header wins over them" {
	seq 20 >"$SPOOL/news"
	start_lighttpd
	first_part "$URL/news?history=all" 20
	local at7 at15
	at7=$(id_of "$T/first" 7)
	at15=$(id_of "$T/first" 15)
	for name in lastEventId last_event_id evs_last_event_id; do
		sse_begin "$URL/news?$name=$at15" "$T/$name"
		wait_line "$T/$name" 20
		same '"16","17","18","19","20"' "$(texts "$T/$name")"
	done
	sse_begin "$URL/news?lastEventId=$at7&history=3" "$T/both" \
		-H "Last-Event-ID: $at15"
	wait_line "$T/both" 20
	same '"16","17","18","19","20"' "$(texts "$T/both")"
}

@test "an id that says where a stream starts resumes there" {
	seq 5 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s1"
	sse_close
	same '' "$(texts "$T/s1")"
	echo 6 >>"$SPOOL/news"
	sse_begin "$URL/news" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s1")"
	wait_line "$T/s2" 6
	same '"6"' "$(texts "$T/s2")"
}

@test "who waited for a channel misses nothing of it while away" {
	start_lighttpd
	sse_begin "$URL/later" "$T/s1"
	sse_close
	seq 3 >"$SPOOL/later"
	sse_begin "$URL/later" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s1")"
	wait_line "$T/s2" 3
	same '"1","2","3"' "$(texts "$T/s2")"
}

@test "an unknown or damaged id is a gap, and the stream goes on" {
	seq 5 >"$SPOOL/news"
	start_lighttpd
	first_part "$URL/news?history=all" 5
	local id n=0 bad
	id=$(last_id "$T/first")
	for bad in nonsense "${id}x" "x$id" "${id:0:-2}" 0 . '~' "$id,$id" \
		"$(printf 'a%.0s' {1..4000})" 'a b"c' '../../etc' %00; do
		n=$((n + 1))
		sse_begin "$URL/news" "$T/s$n" -H "Last-Event-ID: $bad"
		wait_line "$T/s$n" 5
		sse_close
		same '"spoolcast.gap"' "$(events "$T/s$n" |
			jq -sc '[.[] | select(.type)][1].type')"
		same '"1","2","3","4","5"' "$(texts "$T/s$n")"
	done
	texts "$T/s1" spoolcast.gap | jq -r . >"$T/gap"
	same '{"channel":"news","reason":"unknown","resumed":"oldest"}' \
		"$(jq -c '{channel, reason, resumed}' "$T/gap")"
}

@test "on_gap = newest goes on with what is new" {
	ini '[stream]' 'on_gap = newest'
	seq 5 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s" -H 'Last-Event-ID: nonsense'
	wait_for 10 grep -q spoolcast.gap "$T/s"
	echo 6 >>"$SPOOL/news"
	wait_line "$T/s" 6
	same '"6"' "$(texts "$T/s")"
	same '"newest"' "$(texts "$T/s" spoolcast.gap | jq -r . | jq .resumed)"
}

@test "an id means the same when the channels are named in another order" {
	seq 1 9 >"$SPOOL/aa"
	seq 11 19 >"$SPOOL/bb"
	seq 21 29 >"$SPOOL/cc"
	start_lighttpd
	sse_begin "$URL/aa,bb,cc?history=3" "$T/first"
	for last in 9 19 29; do
		wait_line "$T/first" $last
	done
	sse_close
	echo 10 >>"$SPOOL/aa"
	echo 20 >>"$SPOOL/bb"
	sse_begin "$URL/cc,aa,bb" "$T/s1" \
		-H "Last-Event-ID: $(last_id "$T/first")"
	sse_begin "$URL/aa,bb,cc" "$T/s2" \
		-H "Last-Event-ID: $(last_id "$T/first")"
	for s in 1 2; do
		wait_line "$T/s$s" 10
		wait_line "$T/s$s" 20
		same '10 20' "$(texts "$T/s$s" | tr -d '"' | tr , '\n' |
			sort | xargs)"
		same '' "$(texts "$T/s$s" spoolcast.gap)"
	done
}

@test "another process resumes what one began" {
	seq 5 >"$SPOOL/news"
	start_lighttpd
	first_part "$URL/news?history=all" 3
	local before at3
	at3=$(id_of "$T/first" 3)
	before=$(responder_pids)
	kill -KILL "$before"
	another() { has_responder && [[ $(responder_pids) != "$before" ]]; }
	wait_for 20 another
	sse_begin "$URL/news" "$T/s" -H "Last-Event-ID: $at3"
	wait_line "$T/s" 5
	same '"4","5"' "$(texts "$T/s")"
}

@test "plain CGI resumes what a responder began, and the other way round" {
	seq 5 >"$SPOOL/news"
	start_lighttpd
	first_part "$URL/news?history=all" 5
	start_lighttpd_cgi
	sse_begin "$URL/news" "$T/cgi" \
		-H "Last-Event-ID: $(id_of "$T/first" 2)"
	wait_line "$T/cgi" 5
	same '"3","4","5"' "$(texts "$T/cgi")"
	same "$(id_of "$T/first" 4)" "$(id_of "$T/cgi" 4)"
}

@test "the id of six channels fits in 128 safe bytes" {
	local name names=''
	for name in {a..f}; do
		name=$name$(printf 'n%.0s' {1..60})
		seq 1000 >"$SPOOL/$name"
		truncate -s 3G "$SPOOL/$name"
		echo >>"$SPOOL/$name"
		names+=${names:+,}$name
	done
	start_lighttpd
	sse_begin "$URL/$names" "$T/s"
	for name in {a..f}; do
		echo "in $name" >>"$SPOOL/$name$(printf 'n%.0s' {1..60})"
		wait_line "$T/s" "in $name"
	done
	sse_close
	local id
	while read -r id; do
		[[ $id =~ ^[A-Za-z0-9._~-]{1,128}$ ]]
	done < <(sed -n 's/^id: //p' "$T/s")
	id=$(id_of "$T/s" 'in c')
	sse_begin "$URL/$names" "$T/s2" -H "Last-Event-ID: $id"
	wait_line "$T/s2" 'in f'
	same '"in d","in e","in f"' "$(texts "$T/s2")"
}

@test "no id comes twice in a thousand events of two channels" {
	start_lighttpd
	sse_begin "$URL/aa,bb" "$T/s"
	bash -c 'for i in {1..500}; do
		echo "a $i" >>"$1/aa"
		echo "b $i" >>"$1/bb"
	done' - "$SPOOL"
	wait_line "$T/s" 'a 500'
	wait_line "$T/s" 'b 500'
	same 1000 "$(events "$T/s" | jq -r 'select(.type == "message") | .id' | sort -u |
		wc -l)"
}

@test "a thousand lines survive a viewer that is cut off at every turn" {
	: >"$SPOOL/news"
	seq -f 'line %g' 1000 >"$T/lines"
	start_lighttpd
	node "$WEB/viewers.mjs" --url "$URL/news" --expect "$T/lines" \
		--viewers 20 --kill-random 20 --retry-cap 50 \
		--progress "$T/progress" >"$T/result" 3>&- &
	PIDS+=($!)
	admitted() { grep -qs ' 20$' "$T/progress"; }
	wait_for 20 admitted
	cat "$T/lines" >>"$SPOOL/news"
	wait "${PIDS[-1]}" || { cat "$T/result" >&2; return 1; }
	jq -e '.reconnects >= 20 and .kills == 20' "$T/result"
}
