# shellcheck shell=bash disable=SC2034,SC2153
# A second web server in front of the first, as a proxy that speaks HTTP to it,
# set up with as little as each allows.
#
#	load ../helpers/fronts
#	... start a server of conf/, then front_NAME; URL is that of the front
#
# BACK is the address of the server behind, FRONT_PORT that of the front.

# start_front COMMAND...: listens on $FRONT_PORT, passes on to $BACK.
start_front()
{
	# shellcheck disable=SC2094 # both are written
	background "$T/front.log" "$@" >>"$T/front.log"
	FRONT_PID=$PID
	wait_for 20 front_passes
	URL=http://127.0.0.1:$FRONT_PORT/events
}

front_passes()
{
	[[ $(curl -s --max-time 5 "http://127.0.0.1:$FRONT_PORT/here.html") == \
		"$T" ]]
}

# begin_front: before any of them.
begin_front()
{
	BACK=127.0.0.1:${ORIGIN##*:}
	FRONT_PORT=$((32000 + RANDOM % 700))
	while { exec {fd}<>"/dev/tcp/127.0.0.1/$FRONT_PORT"; } 2>>"$T/front.log"; do
		exec {fd}>&-
		FRONT_PORT=$((32000 + RANDOM % 700))
	done
	mkdir -p "$T/front"
	chmod a+rwx "$T/front"
}

# nginx_begins FOLDER: prints what any nginx needs that writes to there, up to
# its servers.
nginx_begins()
{
	local name
	printf '%s\n' 'daemon off; error_log stderr;' \
		"pid $1/pid; events {} http { access_log off;"
	for name in client_body proxy fastcgi uwsgi scgi; do
		echo "${name}_temp_path $1;"
	done
}

front_nginx()
{
	begin_front
	{
		nginx_begins "$T/front"
		echo "server { listen 127.0.0.1:$FRONT_PORT;
			location / { proxy_pass http://$BACK; } } }"
	} >"$T/front.conf"
	start_front nginx -p "$T/front" -c "$T/front.conf"
}

# Caddy, compressing.
front_caddy()
{
	begin_front
	printf '%s\n' '{' 'admin off' '}' "http://127.0.0.1:$FRONT_PORT {" \
		'encode gzip' "reverse_proxy $BACK" '}' >"$T/front.conf"
	XDG_DATA_HOME=$T/front XDG_CONFIG_HOME=$T/front start_front \
		caddy run --config "$T/front.conf" --adapter caddyfile
}

front_apache()
{
	local modules=/usr/lib/apache2/modules name
	begin_front
	{
		for name in mpm_event authz_core proxy proxy_http; do
			echo "LoadModule ${name}_module $modules/mod_$name.so"
		done
		printf '%s\n' 'ServerName localhost' "ServerRoot $T/front" \
			"Listen 127.0.0.1:$FRONT_PORT" 'User www-data' \
			'Group www-data' "PidFile $T/front/pid" \
			"DefaultRuntimeDir $T/front" 'ErrorLog /dev/stderr' \
			"ProxyPass / http://$BACK/"
	} >"$T/front.conf"
	start_front apache2 -d "$T/front" -f "$T/front.conf" -D FOREGROUND
}

front_haproxy()
{
	begin_front
	printf '%s\n' 'defaults' 'mode http' 'timeout connect 5s' \
		'timeout client 60s' 'timeout server 60s' 'frontend front' \
		"bind 127.0.0.1:$FRONT_PORT" 'default_backend back' \
		'backend back' "server back $BACK" >"$T/front.conf"
	start_front haproxy -db -f "$T/front.conf"
}

front_varnish()
{
	begin_front
	printf '%s\n' 'vcl 4.1;' "backend back { .host = \"${BACK%:*}\";
		.port = \"${BACK##*:}\"; }" >"$T/front.vcl"
	start_front varnishd -F -n "$T/front/varnish" -f "$T/front.vcl" \
		-a "127.0.0.1:$FRONT_PORT" -s malloc,32m
}

# row_holds FRONT: what must hold behind it.
row_holds()
{
	local back=$URL
	"front_$1"
	matrix_opens "$URL"
	matrix_flows "$URL"
	row_has_backlog "$URL"
	matrix_gone "$URL"
	kill "$FRONT_PID"
	wait_for 20 gone "$FRONT_PID"
	URL=$back
}

# row_has_backlog URL: what there was comes at once, compressed or not, and what
# comes after it does, too.
row_has_backlog()
{
	local n
	for n in '' --compressed; do
		matrix_next
		seq -f "$N: %g" 50 >>"$SPOOL/news"
		# shellcheck disable=SC2086 # nothing, or one option
		sse_open "$1/news?history=50" "$M" $n
		wait_line "$M" "$N: 50"
		echo "$N: last" >>"$SPOOL/news"
		wait_line "$M" "$N: last"
		sse_close
		same 51 "$(grep -c "^data: $N: " "$M")"
	done
}
