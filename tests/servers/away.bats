#!/usr/bin/env bats
# The responder is away when a page asks: an EventSource that meets a 502 or 503
# never comes back, so each file of conf/ that connects to a responder answers
# it, and nobody else, by a stream that says when to.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common
load ../helpers/matrix
load ../helpers/servers
load ../helpers/apache

teardown()
{
	if [[ -n ${APACHE_PID:-} ]]; then
		apache_teardown
	else
		servers_stop
	fi
}

EVENTSOURCE=(-H 'Accept: text/event-stream')

# told_to_come_back URL [ACCEPT]: by a stream of nothing but a hint.
told_to_come_back()
{
	get "$1" -H "Accept: ${2:-text/event-stream}" --max-time 10
	same 200 "$STATUS"
	[[ $(header Content-Type) == text/event-stream* ]]
	same no-store "$(header Cache-Control)"
	[[ $(cat "$BODY") =~ ^retry:\ [1-9][0-9]{3}$ ]]
	same 1 "$(wc -l <"$BODY")"
}

# fails ARG...: as it always did.
fails()
{
	get "$@" --max-time 10
	[[ $STATUS == 50[234] ]]
	run ! grep -q '^retry' "$BODY"
}

# comes_back COMMAND...: a page that asks while the responder is away goes on
# when COMMAND has started it again.
comes_back()
{
	: >"$SPOOL/news"
	kill "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
	told_to_come_back "$URL/news"
	told_to_come_back "$URL/news?history=5"
	told_to_come_back "$URL?channel=news"
	fails "$URL/news"
	told_to_come_back "$URL/news" 'Text/Event-Stream; charset=utf-8'
	told_to_come_back "$URL/news" 'application/json, text/event-stream'
	fails "$URL/news" -H 'Accept: text/html'
	fails "$URL/news" -H 'Accept: text/event-streamer'
	fails "$URL/news" "${EVENTSOURCE[@]}" -I
	fails "$URL/news" "${EVENTSOURCE[@]}" -d x
	# The rest of the site has its own errors.
	get "$ORIGIN/nothing" "${EVENTSOURCE[@]}"
	same 404 "$STATUS"
	get "$ORIGIN/events.html" "${EVENTSOURCE[@]}"
	same 404 "$STATUS"
	"$@"
	# lighttpd looks again after a second.
	is_back() { get "$URL/news" -I --max-time 10 && [[ $STATUS == 200 ]]; }
	wait_for 20 is_back
	sse_begin "$URL/news" "$T/s"
	echo hello >>"$SPOOL/news"
	wait_line "$T/s" hello
	# And so has the responder: what it refuses is not taken for its absence.
	get "$URL/-bad" "${EVENTSOURCE[@]}"
	same 400 "$STATUS"
	get "$URL/news" -X PUT
	same 405 "$STATUS"
}

# refused_still: what the server itself refuses there is no absence.
refused_still()
{
	get "$URL/denied" "${EVENTSOURCE[@]}"
	same 403 "$STATUS"
}

# hangs: the responder does not answer, and the server has had enough of that.
hangs()
{
	kill -STOP "$SERVE_PID"
	told_to_come_back "$URL/news"
	get "$URL/news" --max-time 10
	same 504 "$STATUS"
	kill -CONT "$SERVE_PID"
}

@test "nginx tells who asks for a stream to come back" {
	servers_setup
	start_nginx 'fastcgi_read_timeout 1s;' \
		'location ^~ /events/denied { deny all; }'
	refused_still
	hangs
	comes_back start_responder "${FOR_GROUP[@]}"
	# Not all at the same time.
	kill "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
	for _ in {1..40}; do
		told_to_come_back "$URL/news"
		cat "$BODY"
	done >"$T/hints"
	(($(sort -u "$T/hints" | wc -l) >= 4))
}

@test "lighttpd tells who asks for a stream to come back" {
	servers_setup
	# As its file says.
	# shellcheck disable=SC2016 # of lighttpd
	start_lighttpd_external 'server.modules += ("mod_access")' \
		'$HTTP["url"] =~ "^/events/denied" {
			url.access-deny = ("")
			server.error-handler = ""
		}'
	refused_still
	comes_back start_responder
}

@test "Caddy tells who asks for a stream to come back" {
	servers_setup
	start_caddy 'error /events/denied 403'
	refused_still
	comes_back start_responder
}

@test "Apache tells who asks for a stream to come back" {
	common_setup
	apache_setup
	sed -i 's/timeout=60/timeout=1/' "$T/conf/apache-proxy-fcgi.conf"
	apache_extra '<Location "/events/denied">' 'Require all denied' \
		'</Location>'
	start_apache_proxy
	refused_still
	hangs
	comes_back apache_serve
}
