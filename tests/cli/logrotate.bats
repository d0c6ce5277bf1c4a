#!/usr/bin/env bats
# conf/spoolcast.logrotate, by the real logrotate, with its very directives.

load ../helpers/common

setup()
{
	common_setup
	echo 1 >"$SPOOL/news"
	printf 'data: a\n\n' >"$SPOOL/deploy.sse"
	chmod 755 "$SPOOL"
	sed "s,/srv/spool,$SPOOL,; s,^\tsu .*,\tsu $(id -un) $(id -gn)," \
		"$ROOT/conf/spoolcast.logrotate" >"$T/logrotate.conf"
	chmod 644 "$T/logrotate.conf"
}

teardown() { stop_all; }

# logrotate_now [COMMAND...]: rotate, due or not.
logrotate_now()
{
	"$@" logrotate -f -s "$T/state" "$T/logrotate.conf"
}

names()
{
	(cd "$SPOOL" && printf '%s\n' * | xargs)
}

@test "logrotate accepts it without a word" {
	run logrotate -s "$T/state" "$T/logrotate.conf"
	same 0 "$status"
	same '' "$output"
	run logrotate -d -s "$T/state" "$T/logrotate.conf"
	same 0 "$status"
	[[ $output == *"considering log $SPOOL/news"* ]]
	[[ $output == *"considering log $SPOOL/deploy.sse"* ]]
	run grep -iE 'error|bad|unknown|insecure' <<<"$output"
	same 1 "$status"
}

@test "streams go on across what logrotate renames" {
	local n
	start_lighttpd
	sse_begin "$URL/news,deploy?history=all" "$T/s"
	wait_line "$T/s" a
	for n in 2 3 4; do
		logrotate_now
		echo "$n" >>"$SPOOL/news"
		wait_line "$T/s" "$n"
	done
	same 'deploy.sse deploy.sse.1 news news.1 news.2 news.3' "$(names)"
	printf 'data: b\n\n' >>"$SPOOL/deploy.sse"
	wait_line "$T/s" b
	same '1 2 3 4' "$(sed -n 's/^data: \([0-9]\)/\1/p' "$T/s" | xargs)"
	same '' "$(texts "$T/s" spoolcast.gap)"
	# Nothing that is empty is rotated, and four older files are kept.
	for n in 5 6 7; do
		logrotate_now
		echo "$n" >>"$SPOOL/news"
	done
	logrotate_now
	logrotate_now
	same '7 6 5 4' "$(cat "$SPOOL"/news.{1,2,3,4} | xargs)"
	[[ ! -e $SPOOL/news.5 && ! -s $SPOOL/news ]]
	sse_begin "$URL/news?history=all" "$T/kept"
	wait_line "$T/kept" 7
	same '"4","5","6","7"' "$(texts "$T/kept")"
}

@test "what is written while logrotate is at it is kept" {
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" 1
	# Stopped for a while behind the fifth rename: there is no news then.
	logrotate_now strace -qq -o "$T/trace" -e trace=rename \
		-e inject=rename:delay_exit=3000000:when=5 &
	PIDS+=($!)
	between() { [[ -e $SPOOL/news.1 && ! -e $SPOOL/news ]]; }
	wait_for 20 between
	echo 2 >>"$SPOOL/news"
	wait "${PIDS[-1]}"
	grep -q 'news.1").*DELAYED' "$T/trace"
	echo 3 >>"$SPOOL/news"
	wait_line "$T/s" 3
	same '"1","2","3"' "$(texts "$T/s")"
	same '' "$(texts "$T/s" spoolcast.gap)"
	same '2 3' "$(xargs <"$SPOOL/news")"
	same 'deploy.sse deploy.sse.1 news news.1' "$(names)"
}

@test "logrotate and spoolcast number alike" {
	logrotate_now
	echo 2 >>"$SPOOL/news"
	"$SPOOLCAST" rotate news
	echo 3 >>"$SPOOL/news"
	logrotate_now
	echo 4 >>"$SPOOL/news"
	"$SPOOLCAST" rotate news
	same '4 3 2 1' "$(cat "$SPOOL"/news.{1,2,3,4} | xargs)"
}

@test "make install leaves it beside the other samples" {
	make -C "$ROOT" -s install DESTDIR="$T/root" PREFIX=/opt/sc \
		B="${SPOOLCAST%/spoolcast}" >/dev/null
	cmp "$ROOT/conf/spoolcast.logrotate" \
		"$T/root/opt/sc/share/doc/spoolcast/spoolcast.logrotate"
}
