#!/usr/bin/env bats
# Ways to be behind a web server that no file of conf/ has, and a neighbour that
# counts requests: what README says of them, with the real ones.

# shellcheck disable=SC2034,SC2153 # the helpers use these, get sets STATUS
load ../helpers/common
load ../helpers/matrix
load ../helpers/servers
load ../helpers/apache
load ../helpers/fronts
load ../helpers/readers

teardown()
{
	local family=()
	# These leave their children alone when they end.
	pkill -f "fcgiwrap.*$T/" || true
	if [[ -n ${APACHE_PID:-} ]]; then
		apache_teardown
	else
		mapfile -t family < <(server_family)
		kill "${family[@]}" 2>/dev/null || true
		servers_stop
	fi
}

# --- mini_httpd, which has no REQUEST_URI ------------------------------------

# mini_httpd_here: on the port that was drawn.
mini_httpd_here()
{
	exec mini_httpd -D -p "$PORT" -h 127.0.0.1 -d "$PWD/examples" \
		-c 'cgi-bin/*' -l "$T/mini.log"
}

# It passes on PATH and what it makes itself, nothing else, so the spool and the
# settings are beside the program.
start_mini_httpd()
{
	mkdir examples/cgi-bin
	cp build/spoolcast examples/cgi-bin/spoolcast.fcgi
	mv spool examples/cgi-bin/
	SPOOL=$PWD/examples/cgi-bin/spool
	matrix_ini
	cp "$INI" examples/cgi-bin/spoolcast.ini
	chmod -R a+rX examples
	start_server : mini_httpd_here
	URL=$ORIGIN/cgi-bin/spoolcast.fcgi
}

@test "mini_httpd, which tells no REQUEST_URI, and runs it as plain CGI" {
	servers_setup
	start_mini_httpd
	matrix_opens "$URL" --http1.0
	matrix_flows "$URL" --http1.0
	get "$URL" -H 'Accept: text/event-stream'
	same 400 "$STATUS"
	sse_begin "$URL?channel=news&history=1" "$T/s"
	wait_line "$T/s" "$N: 20"
}

# --- fcgiwrap ----------------------------------------------------------------

# configure_fcgiwrap: nginx with what fcgiwrap needs, and no more.
configure_fcgiwrap()
{
	local name
	{
		nginx_begins "$T"
		echo "server { listen 127.0.0.1:$PORT; root $PWD/examples;"
		echo 'location ~ ^/events(/|$) {'
		for name in REQUEST_METHOD QUERY_STRING REQUEST_URI \
			SERVER_PROTOCOL; do
			echo "fastcgi_param $name \$${name,,};"
		done
		printf 'fastcgi_param %s;\n' \
			"SCRIPT_FILENAME $PWD/build/spoolcast.fcgi" \
			"SPOOLCAST_SPOOL $SPOOL" "SPOOLCAST_CONFIG $INI" "${MORE[@]}"
		echo "fastcgi_pass unix:$T/wrap.sock; } } }"
	} >"$T/nginx.conf"
}

# start_fcgiwrap [PARAMETER...]
start_fcgiwrap()
{
	MORE=("$@")
	background "$T/wrap.log" fcgiwrap -c 8 -s "unix:$T/wrap.sock"
	wait_for 10 test -S "$T/wrap.sock"
	chmod a+rw "$T/wrap.sock"
	start_server configure_fcgiwrap nginx -p "$PWD" -c "$T/nginx.conf"
}

@test "fcgiwrap with NO_BUFFERING" {
	servers_setup
	start_fcgiwrap 'NO_BUFFERING 1'
	matrix_opens "$URL"
	matrix_flows "$URL"
}

# --- Apache's other way to mod_proxy_fcgi ------------------------------------

@test "SetHandler proxy: with flushpackets=on" {
	common_setup
	apache_setup
	matrix_ini
	sed '/^ProxyPass/d' "$ROOT/conf/apache-proxy-fcgi.conf" >"$T/conf/other.conf"
	apache_extra '<Location "/events">' \
		"SetHandler \"proxy:unix:$T/build/events.sock|fcgi://spoolcast/\"" \
		'</Location>' '<Proxy "fcgi://spoolcast/">' \
		'ProxySet flushpackets=on' '</Proxy>'
	apache_serve
	run_apache "$T/conf/other.conf"
	apache_at /events
	matrix_both matrix_opens
	matrix_both matrix_flows
}

# --- mod_evasive -------------------------------------------------------------

@test "mode close with close_retry = 2s is no attack to mod_evasive" {
	common_setup
	apache_setup
	apache_upload fcgid
	mkdir -m 777 "$T/evasive"
	matrix_ini '[flush]' 'close_retry = 2s'
	apache_extra "LoadModule evasive20_module $APACHE_MODULES/mod_evasive20.so" \
		"DOSLogDir \"$T/evasive\""
	start_apache_host
	seq -f 'line %g' 5 >"$T/lines"
	follow "$URL/news"
	wait_for 60 progress_is 0 1
	local n
	for n in {1..5}; do
		write_lines "$n" "$n"
		wait_for 60 has_read "$n"
	done
	read_end
	# And it does count.
	is_shut_out() { get "$URL/news" -I && [[ $STATUS == 403 ]]; }
	wait_for 20 is_shut_out
}
