# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2153
# Web servers with the files of conf/, as someone would start them from the top
# of a checkout.
#
#	load ../helpers/common
#	load ../helpers/matrix
#	load ../helpers/servers
#	setup() { servers_setup; }
#	teardown() { servers_stop; }
#	... start_nginx [LINE...] and the like, then what matrix.bash needs is set
#
# After servers_setup the current folder looks like a checkout in which make was
# run, and its spool is $SPOOL.  The files are changed in nothing but ports and
# paths; what else a test wants, TLS and LINEs, stands in a file of its own that
# one line includes.  SERVER_PID is the server, MORE has those LINEs.

servers_setup()
{
	common_setup
	mkdir -p "$T/place/build" "$T/place/conf"
	cp -r "$ROOT/examples" "$T/place/"
	cp "$ROOT/conf/away.sse" "$T/place/conf/"
	cp "$SPOOLCAST" "$T/place/build/spoolcast"
	ln -s spoolcast "$T/place/build/spoolcast.fcgi"
	SPOOL=$T/place/spool
	mkdir "$SPOOL"
	# By this page we know that it is our server that has the port.
	echo "$T" >"$T/place/examples/here.html"
	# Servers that root starts give that up; the way here is root's.
	chmod a+rx "$BATS_RUN_TMPDIR" "$T"
	cd "$T/place" || return
	certificate
	matrix_ini '[stream]' 'retry = 100ms'
}

# A certificate that only this test believes in.
certificate()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
		-keyout "$T/tls.key" -out "$T/tls.crt" 2>"$T/openssl.log"
	cat "$T/tls.key" "$T/tls.crt" >"$T/tls.pem"
}

server_is_up()
{
	gone "$SERVER_PID" ||
		[[ $(curl -s --max-time 5 "$ORIGIN/here.html") == "$T" ]]
}

# use_port NUMBER: the addresses that follow from it.
use_port()
{
	PORT=$1
	PORT_TLS=$((PORT + 1))
	ORIGIN=http://127.0.0.1:$PORT
	URL=$ORIGIN/events
	URL_TLS=https://127.0.0.1:$PORT_TLS/events
}

# start_server CONFIGURE COMMAND...: COMMAND is the server, CONFIGURE writes its
# configuration for $PORT and $PORT_TLS.  Whether those are free only the
# attempt tells, so others are drawn until it succeeds.
start_server()
{
	local configure=$1 tries
	shift
	for tries in {1..20}; do
		use_port $((20000 + RANDOM % 6000 * 2))
		"$configure"
		: >"$T/server.log"
		run_server "$@"
		if ! gone "$SERVER_PID"; then
			return 0
		fi
		grep -qi 'already in use' "$T/server.log" || break
	done
	printf '%s does not start (try %s)\n' "$1" "$tries" >&2
	return 1
}

# run_server COMMAND...: now, on the ports that it has.
run_server()
{
	SERVER=("$@")
	# shellcheck disable=SC2094 # both are written
	background "$T/server.log" "$@" >>"$T/server.log"
	SERVER_PID=$PID
	wait_for 20 server_is_up
}

# What `kill` was told to end: it comes back as it was.
run_server_again()
{
	wait_for 20 gone "$SERVER_PID"
	run_server "${SERVER[@]}"
	runs "$SERVER_PID"
}

# runs PID
runs()
{
	! gone "$1"
}

# Prints the ids of the responder's processes, whoever started them.
responders()
{
	local pid
	for pid in $(marked); do
		if [[ $(cat "/proc/$pid/comm" 2>/dev/null) == spoolcast* ]]; then
			echo "$pid"
		fi
	done
}

# Prints all that the server has started, not only what bears our mark: nginx
# wipes the environment that the mark is in.
server_family()
{
	local pid=${1:-$SERVER_PID} child
	for child in $(pgrep -P "$pid"); do
		echo "$child"
		server_family "$child"
	done
}

# all_gone PID...
all_gone()
{
	local pid
	for pid; do
		gone "$pid" || return 1
	done
}

# For teardown: everything ends that was started, and nobody has complained.
servers_stop()
{
	local family=() ours=() status=0
	if [[ -n ${SERVER_PID:-} ]]; then
		mapfile -t family < <(server_family)
		family+=("$SERVER_PID")
	fi
	# h2o waits for streams to end, so it is not enough to tell h2o.
	mapfile -t ours < <(responders)
	kill "${PIDS[@]}" "${ours[@]}" 2>/dev/null || true
	if ! wait_for 20 all_gone "${family[@]}"; then
		kill -KILL "${family[@]}" 2>/dev/null || true
		status=1
	fi
	stop_all || status=1
	if grep -sE 'Sanitizer|runtime error:' "$T"/*.log >&2; then
		status=1
	fi
	return "$status"
}

# for_group GROUP: FOR_GROUP are the options that let a web server connect which
# gives up being root and has that group then.
for_group()
{
	FOR_GROUP=()
	((EUID != 0)) || FOR_GROUP=(--group "$1")
}

# start_responder [OPTION...]: as the files that need one say.
start_responder()
{
	SPOOLCAST_SPOOL=spool background "$T/serve.log" build/spoolcast serve \
		--listen unix:build/serve.sock "$@"
	SERVE_PID=$PID
	wait_for 10 grep -qs "spoolcast\[$PID\]: .*event=serving" \
		"$T/serve.log"
}

# --- lighttpd ----------------------------------------------------------------

configure_lighttpd()
{
	printf '%s\n' "include \"$ROOT/conf/$LIGHTTPD_CONF\"" \
		"server.port := $PORT" \
		"server.errorlog = \"$T/server.log\"" \
		"server.breakagelog = \"$T/spoolcast.log\"" \
		"server.upload-dirs = (\"$T\")" \
		'server.modules += ("mod_openssl")' \
		"\$SERVER[\"socket\"] == \"127.0.0.1:$PORT_TLS\" {
			ssl.engine = \"enable\"
			ssl.pemfile = \"$T/tls.pem\"
		}" "${MORE[@]}" >"$T/lighttpd.conf"
}

# start_lighttpd_spawned [LINE...]: conf/lighttpd.conf
start_lighttpd_spawned()
{
	MORE=("$@")
	LIGHTTPD_CONF=lighttpd.conf
	start_server configure_lighttpd lighttpd -D -f "$T/lighttpd.conf"
}

# start_lighttpd_external [LINE...]: conf/lighttpd-external.conf
start_lighttpd_external()
{
	MORE=("$@")
	LIGHTTPD_CONF=lighttpd-external.conf
	start_responder
	start_server configure_lighttpd lighttpd -D -f "$T/lighttpd.conf"
}

# --- nginx -------------------------------------------------------------------

configure_nginx()
{
	printf '%s\n' "listen 127.0.0.1:$PORT_TLS ssl http2;" \
		"ssl_certificate $T/tls.crt;" "ssl_certificate_key $T/tls.key;" \
		"${MORE[@]}" >"$T/nginx-more.conf"
	sed "s|^\(\t*\)listen 127.0.0.1:8080;|\1listen 127.0.0.1:$PORT;\n&|
		s|listen 127.0.0.1:8080;|include $T/nginx-more.conf;|" \
		"$ROOT/conf/nginx.conf" >"$T/nginx.conf"
}

# start_nginx [LINE...]: conf/nginx.conf; the LINEs go into its server.
start_nginx()
{
	MORE=("$@")
	for_group nogroup
	start_responder "${FOR_GROUP[@]}"
	start_server configure_nginx nginx -p "$PWD" -c "$T/nginx.conf"
}

# --- Caddy -------------------------------------------------------------------

configure_caddy()
{
	sed "s|^http://127.0.0.1:8080 {|http://127.0.0.1:$PORT {\n\
\timport $T/caddy-more|" "$ROOT/conf/Caddyfile" >"$T/Caddyfile"
	printf '%s\n' "${MORE[@]}" >"$T/caddy-more"
	# The same site once more, by https.
	sed "1,/^http:/ d; \$ d" "$ROOT/conf/Caddyfile" >"$T/caddy-site"
	printf '%s\n' "https://127.0.0.1:$PORT_TLS {" \
		"tls $T/tls.crt $T/tls.key" "import $T/caddy-more" \
		"import $T/caddy-site" '}' >>"$T/Caddyfile"
}

# start_caddy [LINE...]: conf/Caddyfile; the LINEs go into its site.
start_caddy()
{
	MORE=("$@")
	start_responder
	start_server configure_caddy caddy run --config "$T/Caddyfile" \
		--adapter caddyfile
}

# --- h2o ---------------------------------------------------------------------

configure_h2o()
{
	sed "s|port: 8080|port: $PORT|; $H2O_EDIT" "$ROOT/conf/h2o.conf" \
		>"$T/h2o.conf"
	printf '%s\n' 'listen:' "  port: $PORT_TLS" '  host: 127.0.0.1' \
		'  ssl:' "    certificate-file: $T/tls.crt" \
		"    key-file: $T/tls.key" "${MORE[@]}" >>"$T/h2o.conf"
}

run_h2o()
{
	# What it spawns is not root and cannot write reports where we are told
	# to collect them; without that they go to the log.
	ASAN_OPTIONS=${ASAN_OPTIONS//log_path=*([^:])/} \
		UBSAN_OPTIONS=${UBSAN_OPTIONS//log_path=*([^:])/} \
		start_server configure_h2o h2o -c "$T/h2o.conf"
}

# start_h2o_spawned [LINE...]: conf/h2o.conf
start_h2o_spawned()
{
	MORE=("$@")
	H2O_EDIT=
	run_h2o
}

# start_h2o_connected [LINE...]: conf/h2o.conf with its other choice
start_h2o_connected()
{
	MORE=("$@")
	H2O_EDIT='/^ *fastcgi.spawn/ d; s/#fastcgi.connect/fastcgi.connect/'
	for_group nogroup
	start_responder "${FOR_GROUP[@]}"
	run_h2o
}
