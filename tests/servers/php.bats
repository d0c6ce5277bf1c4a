#!/usr/bin/env bats
# examples/publish.php: a page of PHP that publishes, behind the web server that
# the viewers are behind.

# shellcheck disable=SC2119,SC2153 # the helpers set STATUS and URL
load ../helpers/common
load ../helpers/matrix
load ../helpers/servers

setup()
{
	servers_setup
	ini
}

teardown() { servers_stop; }

# start_php [OPTION...]: lighttpd with PHP, that one with these options.
start_php()
{
	start_lighttpd_spawned "fastcgi.server += (\".php\" => ((
		\"bin-path\" => \"$(type -P php-cgi) $*\",
		\"socket\" => \"$T/php.sock\",
		\"max-procs\" => 4)))"
}

# post MESSAGE: as the form does.
post()
{
	get "$ORIGIN/publish.php" --data-urlencode "message=$1"
}

# refused STATUS TEXT: the last answer is that, and nothing was published.
refused()
{
	same "$1" "$STATUS"
	same "text/plain; charset=utf-8" "$(header Content-Type)"
	same "$2" "$(cat "$BODY")"
	[[ ! -f $SPOOL/guestbook ]]
}

@test "what the form sends is an event, one for each message" {
	start_php
	sse_begin "$URL/guestbook" "$T/s"
	post hello
	same 204 "$STATUS"
	wait_line "$T/s" hello
	post $' two\r\nlines, \nthree \xc3\xa4\n'
	same 204 "$STATUS"
	post '<b>:&"'
	wait_line "$T/s" '<b>:&"'
	same '"hello","two lines,  three ä","<b>:&\""' "$(texts "$T/s")"
}

@test "messages at the same time: each arrives once and whole" {
	start_php
	local text n
	text=$(head -c 1900 /dev/zero | tr '\0' x)
	sse_begin "$URL/guestbook" "$T/s"
	for n in {1..200}; do
		printf 'message=%s-%s\n' "$n" "$text"
	done | xargs -P 10 -n 1 curl -sSf --max-time 60 \
		"$ORIGIN/publish.php" -d
	wait_for 20 has_line "$T/s" "200-$text"
	each() { (($(grep -c '^data: ' "$T/s") >= 200)); }
	wait_for 20 each
	for n in {1..200}; do
		printf '%s-%s\n' "$n" "$text"
	done | sort >"$T/want"
	sed -n 's/^data: //p' "$T/s" | sort | cmp - "$T/want"
}

@test "what is no message is refused, and nothing is published" {
	start_php
	get "$ORIGIN/publish.php"
	refused 405 'This page takes a form sent by POST.'
	same POST "$(header Allow)"
	post ''
	refused 400 'There is no message.'
	post $' \r\n\t '
	refused 400 'There is no message.'
	get "$ORIGIN/publish.php" -d 'message[]=a'
	refused 400 'The message must be a text of at most 2000 bytes.'
	post "$(head -c 2001 /dev/zero | tr '\0' x)"
	refused 400 'The message must be a text of at most 2000 bytes.'
}

# An installation without a php.ini shows what goes wrong to everybody.
@test "what cannot be written is said, without a word of the server" {
	mkdir "$SPOOL/guestbook"
	start_php -n
	post hello
	refused 500 'The message could not be written; see the error log.'
	wait_for 10 grep -q "publish.php: .*$SPOOL/guestbook" "$T/server.log"
}
