#!/usr/bin/env bats
# Files that others copy, cut, remove or write anew while they are read.

load ../helpers/common
load ../helpers/rotation

setup() { common_setup; }
teardown() { stop_all; }

# gap_of FILE REASON: the stream has told of this gap, and of no other.
gap_of()
{
	same "{\"channel\":\"news\",\"reason\":\"$2\",\"resumed\":\"oldest\"}" \
		"$(texts "$1" spoolcast.gap | jq -r .)"
}

# start_viewer: three records are there and were seen.
start_viewer()
{
	seq 3 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" 3
}

@test "removed and begun again, the file goes on without a gap" {
	start_viewer
	rm "$SPOOL/news"
	echo 4 >>"$SPOOL/news"
	wait_line "$T/s" 4
	rm "$SPOOL/news"
	echo 5 >>"$SPOOL/news"
	wait_line "$T/s" 5
	same '"1","2","3","4","5"' "$(texts "$T/s")"
	same '' "$(texts "$T/s" spoolcast.gap)"
}

@test "replaced twice before anybody looks: that is told, once is not" {
	seq 3 >"$SPOOL/news"
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" 3
	kill -STOP "$SERVE_PID"
	rm "$SPOOL/news"
	echo 4 >"$SPOOL/news"
	kill -CONT "$SERVE_PID"
	wait_line "$T/s" 4
	same '' "$(texts "$T/s" spoolcast.gap)"
	kill -STOP "$SERVE_PID"
	rm "$SPOOL/news"
	echo 'is never seen' >"$SPOOL/news"
	rm "$SPOOL/news"
	echo 5 >"$SPOOL/news"
	kill -CONT "$SERVE_PID"
	wait_line "$T/s" 5
	same '"1","2","3","4","5"' "$(texts "$T/s")"
	gap_of "$T/s" replaced
}

@test "moved away to another name, too" {
	start_viewer
	mv "$SPOOL/news" "$T/elsewhere"
	echo 4 >>"$SPOOL/news"
	wait_line "$T/s" 4
	same '"1","2","3","4"' "$(texts "$T/s")"
	same '' "$(texts "$T/s" spoolcast.gap)"
}

@test "what was written before the file was removed is read to its end" {
	start_viewer
	printf '%s\n' 4 5 >>"$SPOOL/news"
	rm "$SPOOL/news"
	echo 6 >>"$SPOOL/news"
	wait_line "$T/s" 6
	same '"1","2","3","4","5","6"' "$(texts "$T/s")"
	same '' "$(texts "$T/s" spoolcast.gap)"
}

@test "cut with : > news, that is told, and the rest follows" {
	start_viewer
	: >"$SPOOL/news"
	wait_for 10 grep -q spoolcast.gap "$T/s"
	echo 4 >>"$SPOOL/news"
	wait_line "$T/s" 4
	same '"1","2","3","4"' "$(texts "$T/s")"
	gap_of "$T/s" replaced
}

@test "copied and cut, the copy is read, and what may be lost is told" {
	start_viewer
	echo 4 >>"$SPOOL/news"
	cp "$SPOOL/news" "$SPOOL/news.1"
	: >"$SPOOL/news"
	echo 5 >>"$SPOOL/news"
	wait_line "$T/s" 5
	same '"1","2","3","4","5"' "$(texts "$T/s")"
	gap_of "$T/s" replaced
	# Who comes back reads on in the copy.
	sse_begin "$URL/news" "$T/again" \
		-H "Last-Event-ID: $(id_of "$T/s" 2)"
	wait_line "$T/again" 5
	same '"3","4","5"' "$(texts "$T/again")"
	gap_of "$T/again" replaced
	# And who has the new file's id is told nothing.
	echo 6 >>"$SPOOL/news"
	wait_line "$T/again" 6
	sse_begin "$URL/news" "$T/third" \
		-H "Last-Event-ID: $(id_of "$T/again" 5)"
	wait_line "$T/third" 6
	same '"6"' "$(texts "$T/third")"
	same '' "$(texts "$T/third" spoolcast.gap)"
}

@test "copied and cut twice while a viewer was away, each loss is told" {
	start_viewer
	sse_close
	local n
	for n in 1 2; do
		[[ ! -e $SPOOL/news.1 ]] || mv "$SPOOL/news.1" "$SPOOL/news.2"
		cp "$SPOOL/news" "$SPOOL/news.1"
		echo "lost $n" >>"$SPOOL/news"
		: >"$SPOOL/news"
		echo "kept $n" >>"$SPOOL/news"
	done
	sse_begin "$URL/news" "$T/again" \
		-H "Last-Event-ID: $(id_of "$T/s" 2)"
	wait_line "$T/again" 'kept 2'
	same 'message 3,spoolcast.gap,message kept 1,spoolcast.gap,message kept 2' \
		"$(events "$T/again" | jq -nr '[inputs |
			select(.type and .type != "spoolcast.open") |
			if .type == "message" then "message " + .data
			else .type end] | join(",")')"
}

@test "a copy alone changes nothing" {
	start_viewer
	cp "$SPOOL/news" "$SPOOL/news.1"
	echo 4 >>"$SPOOL/news"
	wait_line "$T/s" 4
	sse_begin "$URL/news" "$T/again" \
		-H "Last-Event-ID: $(id_of "$T/s" 2)"
	wait_line "$T/again" 4
	same '"1","2","3","4"' "$(texts "$T/s")"
	same '"3","4"' "$(texts "$T/again")"
	same '' "$(texts "$T/s" spoolcast.gap)"
	same '' "$(texts "$T/again" spoolcast.gap)"
}

@test "an editor that only adds lines repeats none" {
	start_viewer
	sed -i '$a 4' "$SPOOL/news"
	wait_line "$T/s" 4
	same '"1","2","3","4"' "$(texts "$T/s")"
	same '' "$(texts "$T/s" spoolcast.gap)"
}

@test "an editor that changes lines is told as replaced" {
	start_viewer
	printf '%s\n' 1 two 3 4 >"$SPOOL/.news.swp"
	mv "$SPOOL/.news.swp" "$SPOOL/news"
	wait_line "$T/s" 4
	same '"1","2","3","1","two","3","4"' "$(texts "$T/s")"
	gap_of "$T/s" replaced
}

@test "an editor that adds a line before the others, too" {
	start_viewer
	sed -i '1i 0' "$SPOOL/news"
	wait_for 10 grep -q spoolcast.gap "$T/s"
	echo 4 >>"$SPOOL/news"
	wait_line "$T/s" 4
	same '"1","2","3","0","1","2","3","4"' "$(texts "$T/s")"
	gap_of "$T/s" replaced
}

@test "a file cut to its last lines is told as replaced" {
	start_viewer
	tail -n 2 "$SPOOL/news" >"$SPOOL/.tmp"
	mv "$SPOOL/.tmp" "$SPOOL/news"
	echo 4 >>"$SPOOL/news"
	wait_line "$T/s" 4
	same '"1","2","3","2","3","4"' "$(texts "$T/s")"
	gap_of "$T/s" replaced
}

@test "on_gap = newest goes on at the end" {
	ini '[stream]' 'on_gap = newest'
	start_viewer
	printf '%s\n' 1 two 3 4 >"$SPOOL/.news.swp"
	mv "$SPOOL/.news.swp" "$SPOOL/news"
	wait_for 10 grep -q spoolcast.gap "$T/s"
	echo 5 >>"$SPOOL/news"
	wait_line "$T/s" 5
	same '"1","2","3","5"' "$(texts "$T/s")"
}

@test "who comes to a file that was cut before is told, too" {
	start_viewer
	mv "$SPOOL/news" "$SPOOL/news.1"
	echo 4 >"$SPOOL/news"
	wait_line "$T/s" 4
	: >"$SPOOL/news"
	wait_for 10 grep -q spoolcast.gap "$T/s"
	echo 5 >>"$SPOOL/news"
	sse_begin "$URL/news" "$T/late" -H "Last-Event-ID: $(id_of "$T/s" 1)"
	wait_line "$T/late" 5
	same '"2","3","5"' "$(texts "$T/late")"
	gap_of "$T/late" replaced
}

@test "of several channels, what is lost in one is told before all else" {
	echo a1 >"$SPOOL/a"
	echo z1 >"$SPOOL/z"
	start_lighttpd
	sse_begin "$URL/a,z?history=1" "$T/s1"
	wait_line "$T/s1" a1
	wait_line "$T/s1" z1
	sse_close
	seq -f 'a%g' 2 2000 >>"$SPOOL/a"
	rm "$SPOOL/z"
	echo z2 >"$SPOOL/z"
	sse_begin "$URL/a,z" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s1")"
	wait_line "$T/s2" a2000
	wait_line "$T/s2" z2
	same spoolcast.gap "$(events "$T/s2" |
		jq -rn '[inputs | .type | select(. != null)][1]')"
}

@test "older segments may be removed with the file, in any order" {
	start_viewer
	local next=4
	for first in news news.1; do
		mv "$SPOOL/news" "$SPOOL/news.1"
		echo "$next" >"$SPOOL/news"
		wait_line "$T/s" "$next"
		rm "$SPOOL/$first"
		rm -f "$SPOOL/news" "$SPOOL/news.1"
		echo "$((next + 1))" >"$SPOOL/news"
		wait_line "$T/s" "$((next + 1))"
		next=$((next + 2))
	done
	same "$(numbers 1 7)" "$(texts "$T/s")"
	no_gap "$T/s"
}

@test "a copy over an older segment is not taken for what came late to it" {
	local round
	: >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	for round in 0 1 2; do
		# In the last round there is more than the copy had before.
		seq $((round * 5)) $((round * 5 + 4)) >>"$SPOOL/news"
		wait_line "$T/s" $((round * 5 + 4))
		cp "$SPOOL/news" "$SPOOL/news.1"
		: >"$SPOOL/news"
		gaps() { (($(grep -c '^event: spoolcast.gap' "$T/s") > round)); }
		wait_for 10 gaps
	done
	echo 15 >>"$SPOOL/news"
	wait_line "$T/s" 15
	same "$(numbers 0 15)" "$(texts "$T/s")"
}
