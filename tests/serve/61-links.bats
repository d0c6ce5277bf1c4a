#!/usr/bin/env bats
# Links in the spool: nobody who may write there has a responder read what that
# user may not.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common
load ../helpers/strangers

setup()
{
	common_setup
	strangers_setup
	echo secret >"$T/config"
	chmod 640 "$T/config"
	chown root:www-data "$T/config"
	www=(setpriv --reuid=www-data --regid=www-data --clear-groups)
}

teardown()
{
	stop_all
}

# serve: as the web server's user.
serve()
{
	chmod 755 "$T"
	mkdir -p "$T/run"
	chown www-data "$T/run"
	background "$T/serve.log" "${www[@]}" "$SPOOLCAST" serve \
		--listen "unix:$T/run/serve.sock"
	wait_for 10 listens "$T/run/serve.sock"
	ln -sfn run/serve.sock "$T/serve.sock"
	start_lighttpd_socket
}

# shut_out CHANNEL: as one whose file cannot be read.
shut_out()
{
	get "$URL/$1?history=all" --max-time 5 || true
	turned_away
	! grep -q secret "$BODY"
}

@test "what only the responder may read is not published by a link" {
	as nobody ln -s "$T/config" "$SPOOL/leak"
	as nobody ln -s "$T/config" "$SPOOL/more.sse"
	serve
	shut_out leak
	shut_out more
	same 1 "$(grep -c "event=link-refused channel=leak path=\"$SPOOL/leak\" \
link=\"leak\" owner=$(id -u nobody) .*remedy=\"remove it, or let root" \
		"$T/serve.log")"
	# It is said once, whoever asks how often.
	shut_out leak
	shut_out leak
	same 1 "$(grep -c 'event=link-refused channel=leak' "$T/serve.log")"
	# And those that come by a pattern get what there is beside it.
	echo hello >"$SPOOL/news"
	sse_begin "$URL/*?history=all" "$T/s"
	wait_line "$T/s" hello
	run ! grep -q secret "$T/s"
}

@test "links of root, of the responder and of who owns the file are followed" {
	echo one >"$T/log"
	ln -s "$T/log" "$SPOOL/a"
	"${www[@]}" ln -s "$T/log" "$SPOOL/b"
	as nobody ln -s "$T/theirs" "$SPOOL/c"
	echo two >"$T/theirs"
	chown nobody "$T/theirs"
	serve
	sse_begin "$URL/a,b,c?history=all" "$T/s"
	wait_line "$T/s" one 2
	wait_line "$T/s" two
	echo three >>"$T/log"
	wait_line "$T/s" three 2
	# Also where the kernel would not follow that link for us.
	echo four >>"$T/theirs"
	wait_line "$T/s" four
	run ! grep -E 'link-refused|polling' "$T/serve.log"
}

@test "a link that is put in the place of the file is not followed" {
	as nobody sh -c "echo one >'$SPOOL/news'"
	serve
	sse_begin "$URL/news" "$T/s"
	as nobody ln -s "$T/config" "$SPOOL/x"
	as nobody mv "$SPOOL/x" "$SPOOL/news"
	wait_for 20 grep -q 'event=link-refused channel=news' "$T/serve.log"
	# Who comes now is shut out, or gets what others have open still.
	get "$URL/news?history=all" --max-time 2 || true
	run ! grep -q secret "$BODY"
	# When it is gone again, all goes on.
	as nobody rm "$SPOOL/news"
	as nobody sh -c "echo two >'$SPOOL/news'"
	wait_line "$T/s" two
	run ! grep -q secret "$T/s"
}

@test "links in the middle of a path are judged as well, up to a number" {
	local i
	mkdir -p "$T/r/1/app" "$T/shared"
	echo one >"$T/r/1/app/log"
	ln -s 1 "$T/r/current"
	ln -s "$T/r/current/app/log" "$SPOOL/good"
	chmod 777 "$T/shared"
	as nobody ln -s "$T" "$T/shared/up"
	ln -s "$T/shared/up/config" "$SPOOL/bad"
	ln -s "$T/config" "$T/shared/0"
	for i in {1..50}; do
		ln -s "$((i - 1))" "$T/shared/$i"
	done
	ln -s "$T/shared/10" "$SPOOL/few"
	ln -s "$T/shared/50" "$SPOOL/many"
	serve
	sse_begin "$URL/good?history=all" "$T/s"
	wait_line "$T/s" one
	shut_out bad
	grep -q "channel=bad path=\"$SPOOL/bad\" link=\"up\" owner=$(id -u \
		nobody)" "$T/serve.log"
	sse_begin "$URL/few?history=all" "$T/few"
	wait_line "$T/few" secret
	shut_out many
}

@test "whether a link leads to something is not to be seen by a stranger" {
	mkdir -m 750 "$T/private"
	chgrp www-data "$T/private"
	touch "$T/private/there"
	as nobody ln -s "$T/private/there" "$SPOOL/a"
	as nobody ln -s "$T/private/not" "$SPOOL/b"
	as nobody ln -s "$T/private/there" "$SPOOL/c.end"
	as nobody ln -s "$T/private/not" "$SPOOL/d.end"
	touch "$SPOOL/c" "$SPOOL/d"
	serve
	shut_out a
	shut_out b
	get "$URL/c"
	same 204 "$STATUS"
	get "$URL/d"
	same 204 "$STATUS"
}

@test "an older segment that is a link is judged, too" {
	echo new >"$SPOOL/news"
	as nobody ln -s "$T/config" "$SPOOL/news.1"
	echo old >"$T/log.1"
	ln -s "$T/log.1" "$SPOOL/app.1"
	echo new >"$SPOOL/app"
	serve
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" new
	sse_begin "$URL/app?history=all" "$T/app"
	wait_line "$T/app" new
	has_line "$T/app" old
	run ! grep -q secret "$T/s"
	grep -q "event=link-refused channel=news path=\"$SPOOL/news.1\"" \
		"$T/serve.log"
	# Nor where the newest is missing.
	rm "$SPOOL/news"
	get "$URL/news?history=all" --max-time 2 || true
	run ! grep -q secret "$BODY"
}

@test "journals are read through no link, be it in their place or their folder's" {
	mkdir "$T/own"
	echo secret >"$T/own/alerts.fifo.log"
	mkfifo "$SPOOL/alerts.fifo"
	ln -s "$T/own" "$SPOOL/.spoolcast"
	serve
	get "$URL/alerts?history=all" --max-time 2 || true
	run ! grep -q secret "$BODY"
	rm "$SPOOL/.spoolcast"
	mkdir -p "$SPOOL/.spoolcast"
	ln -sf "$T/config" "$SPOOL/.spoolcast/alerts.fifo.log"
	get "$URL/alerts?history=all" --max-time 2 || true
	run ! grep -q secret "$BODY"
}

@test "[spool] links: any follows all, none not even root's, by channel" {
	ini '[channel a*]' 'links = any' '[channel n*]' 'links = none'
	as nobody ln -s "$T/config" "$SPOOL/all"
	ln -s "$T/config" "$SPOOL/none"
	ln -s "$T/config" "$SPOOL/owner"
	serve
	sse_begin "$URL/all,owner?history=all" "$T/s"
	wait_line "$T/s" secret 2
	shut_out none
	grep -q 'channel=none .*remedy="remove it, or see \[spool\] links"' \
		"$T/serve.log"
	# Nobody writes through a stranger's link, whatever is read.
	refused 'is a link of user' "$SPOOLCAST" publish all hello
	refused 'no link is followed here' "$SPOOLCAST" publish none hello
	same secret "$(cat "$T/config")"
	"$SPOOLCAST" publish owner hello
	wait_line "$T/s" hello 2
}
