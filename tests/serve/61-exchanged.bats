#!/usr/bin/env bats
# The spool folder itself is taken away and another put in its place.

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

missed() # TIMES
{
	(($(grep -c event=spool-unreadable "$T/serve.log") >= $1))
}

memory_kb()
{
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$SERVE_PID/status"
}

@test "a spool that is exchanged again and again costs no memory and is followed" {
	local i k before
	start_serve
	start_lighttpd_socket
	echo first >"$SPOOL/news"
	for i in news a b; do
		sse_begin "$URL/$i" "$T/$i"
	done
	before=$(memory_kb)
	for ((i = 1; i <= 15; i++)); do
		mv "$SPOOL" "$T/old"
		wait_for 10 missed "$i"
		mkdir "$SPOOL"
		for ((k = 0; k < 40; k++)); do
			: >"$SPOOL/news.2"
			rm "$SPOOL/news.2"
		done
		echo "line $i" >"$SPOOL/news"
		rm -r "$T/old"
		wait_line "$T/news" "line $i"
	done
	echo late >"$SPOOL/b"
	wait_line "$T/b" late
	run gone "$SERVE_PID"
	((status == 1))
	(($(memory_kb) < before + 16384))
}
