# shellcheck shell=bash disable=SC2034,SC2153
# What chain.bash measures.  Each function subject_NAME starts servers and sets
#
#	ASK	where viewers go, as options of chain
#	PUBLISH	how events are published, likewise
#	OURS	the processes of spoolcast
#	OTHERS	all others that serve
#
# and returns 1 when it cannot.  Servers in front of spoolcast run with the
# files of conf/, in which only limits on the number of viewers are raised.

nchan_module=/usr/lib/nginx/modules/ngx_nchan_module.so

# files: FILES are the descriptors that a process may have.
files()
{
	FILES=$(ulimit -Hn)
	[[ $FILES != unlimited ]] && ((FILES < 65536)) || FILES=65536
	ulimit -Sn "$FILES"
}

# place: the current folder looks like a checkout in which make was run.
place()
{
	mkdir -p "$T/place/build"
	cp -r "$ROOT/examples" "$T/place/"
	cp "$SPOOLCAST" "$T/place/build/spoolcast"
	ln -s spoolcast "$T/place/build/spoolcast.fcgi"
	# By this page we know that it is our server that has the port.
	echo "$T" >"$T/place/examples/here.html"
	SPOOL=$T/place/spool
	mkdir "$SPOOL"
	: >"$SPOOL/news"
	ini
	cd "$T/place" || return
	PUBLISH=(--file "$SPOOL/news")
	OURS=()
	OTHERS=()
}

# family: the server, and all that it has started but for ours.
family()
{
	OTHERS=("$SERVER_PID")
	local pid
	for pid in $(server_family); do
		if [[ $(<"/proc/$pid/comm") == spoolcast* ]]; then
			OURS+=("$pid")
		else
			OTHERS+=("$pid")
		fi
	done
	ASK=(--http "127.0.0.1:$PORT")
}

# --- spoolcast ---------------------------------------------------------------

# The responder alone, for reference.
subject_direct()
{
	start_responder || return
	ASK=(--fcgi "unix:$PWD/build/serve.sock")
	OURS=("$SERVE_PID")
}

# lighttpd needs two descriptors for a viewer, and stops a little earlier.
conf_lighttpd()
{
	printf '%s\n' "include \"$ROOT/conf/lighttpd.conf\"" \
		"server.port := $PORT" \
		"server.errorlog = \"$T/server.log\"" \
		"server.breakagelog = \"$T/spoolcast.log\"" \
		"server.upload-dirs = (\"$T\")" \
		"server.max-fds = $FILES" \
		"server.max-connections = $((FILES / 2))" >"$T/lighttpd.conf"
}

has_ours()
{
	family
	((${#OURS[@]} > 0))
}

subject_lighttpd()
{
	start_server conf_lighttpd lighttpd -D -f "$T/lighttpd.conf" || return
	OURS=()
	wait_for 10 has_ours
}

conf_nginx()
{
	sed "1i worker_rlimit_nofile $FILES;
		s|listen 127.0.0.1:8080;|listen 127.0.0.1:$PORT;|
		s|worker_connections .*;|worker_connections $FILES;|" \
		"$ROOT/conf/nginx.conf" >"$T/nginx.conf"
}

subject_nginx()
{
	for_group nogroup
	start_responder "${FOR_GROUP[@]}" || return
	start_server conf_nginx nginx -p "$PWD" -c "$T/nginx.conf" || return
	family
	OURS=("$SERVE_PID")
}

# A thread for each viewer, all of them in one process.
conf_apache()
{
	sed "s|127.0.0.1:8080|127.0.0.1:$PORT|
		s|^ThreadLimit .*|ThreadLimit 1200|
		s|^ThreadsPerChild .*|ThreadsPerChild 1200|
		s|^ServerLimit .*|ServerLimit 1|
		s|^MaxRequestWorkers .*|MaxRequestWorkers 1200|" \
		"$ROOT/conf/apache-proxy-fcgi.conf" >"$T/apache.conf"
	printf '%s\n' 'StartServers 1' 'MinSpareThreads 1' \
		'ThreadStackSize 262144' >>"$T/apache.conf"
}

subject_apache()
{
	for_group www-data
	background "$T/serve.log" build/spoolcast serve \
		--listen unix:build/events.sock "${FOR_GROUP[@]}"
	SERVE_PID=$PID
	wait_for 10 listens build/events.sock || return
	start_server conf_apache env PWD="$PWD" apache2 -d "$PWD" \
		-f "$T/apache.conf" -D FOREGROUND || return
	family
	OURS=("$SERVE_PID")
}

# --- others ------------------------------------------------------------------

conf_nchan()
{
	local temp
	printf '%s\n' "load_module $nchan_module;" \
		'daemon off;' 'error_log stderr;' "pid $T/nginx.pid;" \
		"worker_rlimit_nofile $FILES;" \
		"events { worker_connections $FILES; }" \
		'http {' 'access_log off;' >"$T/nchan.conf"
	for temp in client_body proxy fastcgi uwsgi scgi; do
		echo "${temp}_temp_path $T/place/build/nginx;"
	done >>"$T/nchan.conf"
	printf '%s\n' 'server {' "listen 127.0.0.1:$PORT;" \
		"root $T/place/examples;" \
		'location = /events/news {' 'nchan_subscriber eventsource;' \
		'nchan_channel_id news;' '}' \
		'location = /publish {' 'nchan_publisher;' \
		'nchan_channel_id news;' 'nchan_message_buffer_length 5000;' \
		'}' '}' '}' >>"$T/nchan.conf"
}

subject_nchan()
{
	start_server conf_nchan nginx -p "$PWD" -c "$T/nchan.conf" || return
	family
	PUBLISH=(--post "127.0.0.1:$PORT" --to /publish)
}

port_is_known()
{
	export PORT
}

# node_peer FILE: one of peers/.
node_peer()
{
	# shellcheck disable=SC2016 # of sh
	start_server port_is_known sh -c 'exec node "$0" "$PORT" "$1"' \
		"$BENCH/peers/$1" "$T" || return
	family
	PUBLISH=(--post "127.0.0.1:$PORT" --to /publish)
}

subject_node()
{
	node_peer node.mjs
}

subject_better-sse()
{
	node_peer better-sse.mjs
}

# Beside the port for viewers, one to publish at, and that of the application.
conf_pushpin()
{
	local ipc='ipc://{rundir}/{ipc_prefix}' name
	mkdir -p "$T/pushpin"
	echo "* 127.0.0.1:$((PORT - 10000))" >"$T/pushpin/routes"
	{
		printf '%s\n' '[global]' \
			'include=/usr/lib/pushpin/internal.conf' \
			"rundir=$T/pushpin" 'ipc_prefix=' '[runner]' \
			'services=condure,zurl,pushpin-proxy,pushpin-handler' \
			"http_port=127.0.0.1:$PORT" "logdir=$T/pushpin" 'log_level=1' \
			"client_maxconn=$((FILES - 1000))" '[proxy]' \
			'routesfile=routes' "zurl_out_specs=${ipc}zurl-in" \
			"zurl_out_stream_specs=${ipc}zurl-in-stream" \
			"zurl_in_specs=${ipc}zurl-out" '[handler]'
		for name in push_in_spec push_in_sub_specs stats_spec \
			command_spec; do
			echo "$name=$ipc$name"
		done
		printf '%s\n' 'push_in_http_addr=127.0.0.1' \
			"push_in_http_port=$PORT_TLS"
	} >"$T/pushpin/pushpin.conf"
	background "$T/grip.log" node "$BENCH/peers/grip.mjs" \
		$((PORT - 10000)) "$T"
	GRIP_PID=$PID
}

subject_pushpin()
{
	local before='{"items":[{"channel":"news","formats":{"http-stream":{'
	start_server conf_pushpin pushpin --merge-output \
		--config "$T/pushpin/pushpin.conf" || return
	family
	OTHERS+=("$GRIP_PID")
	# When many come at once some are cut off ("out of sequence").
	ASK+=(--at-once 1)
	PUBLISH=(--post "127.0.0.1:$PORT_TLS" --to /publish/
		--before "$before\"content\":\"data: "
		--behind '\n\n"}}}]}')
}
