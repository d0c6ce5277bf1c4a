# shellcheck shell=bash disable=SC2034,SC2119,SC2120
# A real Apache with the program behind it, in one of the four ways of conf/.
#
#	load ../helpers/common
#	load ../helpers/apache
#	setup() { common_setup; apache_setup; }
#	teardown() { apache_teardown; }
#
# The test's folder T is made to look like a checkout, so that the files of
# conf/ run in it as they are but for the port.  What only tests need, among it
# TLS and HTTP/2, comes by a file that Apache reads after them; apache_extra
# adds lines to it.  After one of the start_apache_* functions: ORIGIN and URL
# are where the server and the channels are, ORIGIN_TLS and URL_TLS the same by
# https, SPOOL and INI what the responder uses, APACHE_PID is the server, and
# T/apache.log its error log.
#
# Apache started by root serves as www-data, who must get at what is in T.

APACHE_MODULES=/usr/lib/apache2/modules

apache_setup()
{
	local folder=$T
	# bats makes folders that only their owner may enter.
	while [[ $folder == "$BATS_RUN_TMPDIR"* ]]; do
		chmod a+x "$folder"
		folder=${folder%/*}
	done
	mkdir -p "$T/build" "$T/conf" "$T/report"
	cp "$SPOOLCAST" "$T/build/spoolcast.fcgi"
	cp "$ROOT"/conf/apache* "$ROOT/conf/away.asis" "$T/conf/"
	cp -R "$ROOT/examples" "$T/examples"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj /CN=localhost -days 2 -keyout "$T/tls.key" \
		-out "$T/tls.crt" 2>/dev/null
	TLS_OPTIONS=(-k --http2)
	# Reports of sanitizers, too, are written by www-data.
	chmod a+rwx "$T/report"
	APACHE_ASAN=$(apache_report_here "${ASAN_OPTIONS:-}")
	APACHE_UBSAN=$(apache_report_here "${UBSAN_OPTIONS:-}")
	: >"$T/extra"
	: >"$T/extra-tls"
}

# apache_report_here OPTIONS: these of a sanitizer, but reports go to T/report.
apache_report_here()
{
	local path=${1#*log_path=}
	if [[ $path == "$1" ]]; then
		printf '%s' "$1"
	else
		printf '%s' "${1/"log_path=${path%%:*}"/"log_path=$T/report/of"}"
	fi
}

# Ends all, and puts reports of sanitizers where tests/run.sh looks for them.
apache_teardown()
{
	local file path status=0 ours
	# Apache waits ten seconds for CGI programs, but only one for these.
	mapfile -t ours < <(apache_responders)
	kill "${ours[@]}" 2>/dev/null || true
	stop_all || status=1
	path=$(sed -n 's/.*log_path=\([^:]*\).*/\1/p' <<<"${ASAN_OPTIONS:-}")
	for file in "$T"/report/*; do
		[[ -s $file ]] || continue
		cat "$file" >&2
		cp "$file" "$path.${file##*.}"
		status=1
	done
	return "$status"
}

# apache_extra LINE...: these are read after the configuration.
apache_extra()
{
	printf '%s\n' "$@" >>"$T/extra"
}

# apache_extra_tls LINE...: these go into the virtual host with TLS.
apache_extra_tls()
{
	printf '%s\n' "$@" >>"$T/extra-tls"
}

# apache_compresses: everything, whatever its type.
apache_compresses()
{
	local name
	for name in filter deflate; do
		printf '<IfModule !mod_%s.c>\nLoadModule %s_module %s\n' \
			"$name" "$name" "$APACHE_MODULES/mod_$name.so"
		printf '</IfModule>\n'
	done >>"$T/extra"
	apache_extra 'SetOutputFilter DEFLATE'
}

# What FastCGI and CGI programs get in their environment beside what the
# configuration gives them: what tests live by.  And a port with TLS.
apache_extra_write()
{
	local name
	printf 'LoadModule %s_module %s/mod_%s.so\n' \
		ssl "$APACHE_MODULES" ssl http2 "$APACHE_MODULES" http2
	printf '<IfModule !mod_%s.c>\nLoadModule %s_module %s\n</IfModule>\n' \
		env env "$APACHE_MODULES/mod_env.so"
	for name in SPOOLCAST_TEST SPOOLCAST_RUN ASAN_OPTIONS UBSAN_OPTIONS \
		LSAN_OPTIONS; do
		[[ -n ${!name:-} ]] || continue
		printf 'PassEnv %s\n' "$name"
		printf '<IfModule mod_fcgid.c>\nFcgidInitialEnv %s "%s"\n' \
			"$name" "${!name}"
		printf '</IfModule>\n'
	done
	# A certificate that is its own issuer is as good as any here.
	printf '%s\n' 'LogLevel ssl:error' 'SSLSessionCache none' \
		'Protocols h2 http/1.1' "Listen 127.0.0.1:$PORT_TLS" \
		"<VirtualHost 127.0.0.1:$PORT_TLS>" \
		'SSLEngine on' "SSLCertificateFile $T/tls.crt" \
		"SSLCertificateKeyFile $T/tls.key"
	cat "$T/extra-tls"
	printf '</VirtualHost>\n'
	cat "$T/extra"
}

# apache_is_up COUNT: it has started for so many times, or it never will.
apache_is_up()
{
	has_started_times "$1" || gone "$APACHE_PID"
}

# run_apache FILE: with this configuration, on ports that were free.
run_apache()
{
	local tries PORT PORT_TLS
	for tries in {1..20}; do
		PORT=$((20000 + RANDOM % 6000 * 2))
		PORT_TLS=$((PORT + 1))
		sed "s/127\.0\.0\.1:8080/127.0.0.1:$PORT/" "$1" \
			>"$T/apache.conf"
		ASAN_OPTIONS=$APACHE_ASAN UBSAN_OPTIONS=$APACHE_UBSAN \
			apache_extra_write >"$T/extra.conf"
		: >"$T/apache.log"
		apache_again
		if ! gone "$APACHE_PID"; then
			ORIGIN=http://127.0.0.1:$PORT
			ORIGIN_TLS=https://127.0.0.1:$PORT_TLS
			return 0
		fi
		grep -q 'could not bind' "$T/apache.log" || break
	done
	printf 'apache2 does not start (try %s)\n' "$tries" >&2
	return 1
}

# apache_again: as it was before it ended, on the same ports.
apache_again()
{
	local starts
	starts=$(apache_starts)
	ASAN_OPTIONS=$APACHE_ASAN UBSAN_OPTIONS=$APACHE_UBSAN \
		background "$T/apache.log" env --chdir="$T" PWD="$T" \
		apache2 -d "$T" -f "$T/apache.conf" \
		-c "Include $T/extra.conf" -D FOREGROUND
	APACHE_PID=$PID
	wait_for 20 apache_is_up $((starts + 1))
}

# apache_at PATH: the channels are there.
apache_at()
{
	URL=$ORIGIN$1
	URL_TLS=$ORIGIN_TLS$1
}

# --- the four ways -----------------------------------------------------------

# start_apache_fcgid: mod_fcgid, set up by the administrator of the server.
start_apache_fcgid()
{
	run_apache "$T/conf/apache-fcgid.conf"
	apache_at /events
}

# start_apache_proxy: mod_proxy_fcgi, and `spoolcast serve`.
start_apache_proxy()
{
	apache_serve
	run_apache "$T/conf/apache-proxy-fcgi.conf"
	apache_at /events
}

# apache_serve: the responder that mod_proxy_fcgi needs.
apache_serve()
{
	local for_group=()
	((EUID != 0)) || for_group=(--group www-data)
	background "$T/serve.log" "$SPOOLCAST" serve \
		--listen "unix:$T/build/events.sock" "${for_group[@]}"
	SERVE_PID=$PID
	wait_for 10 listens "$T/build/events.sock"
}

# apache_upload KIND: what somebody with nothing but FTP puts into the document
# root of a shared host; KIND fcgid or cgi says which .htaccess.
apache_upload()
{
	WWW=$T/www
	SPOOL=$WWW/spool
	INI=$WWW/spoolcast.ini
	mkdir -p "$SPOOL"
	cp "$SPOOLCAST" "$WWW/spoolcast.fcgi"
	cp "$ROOT/conf/htaccess-$1" "$WWW/.htaccess"
	cp "$ROOT/examples/page.html" "$WWW/page.html"
}

# The server as a shared host has it: nothing in it knows of spoolcast.
# APACHE_ALLOW is what an .htaccess may do, APACHE_NOT a module that is missing.
shared_host()
{
	local module
	for module in mpm_event unixd authz_core authz_host alias mime dir env \
		setenvif headers expires rewrite filter deflate fcgid cgid; do
		[[ -e $APACHE_MODULES/mod_$module.so ]] || continue
		[[ $module != "${APACHE_NOT:-}" ]] || continue
		printf 'LoadModule %s_module %s/mod_%s.so\n' "$module" \
			"$APACHE_MODULES" "$module"
	done
	[[ ${APACHE_NOT:-} == fcgid ]] || printf '%s\n' \
		'FcgidIPCDir build/fcgid' 'FcgidProcessTableFile build/fcgid.shm'
	printf '%s\n' 'DefaultRuntimeDir build' 'PidFile build/apache.pid' \
		'ErrorLog /dev/stderr' 'User www-data' 'Group www-data' \
		'ServerName localhost' 'Listen 127.0.0.1:8080' \
		'TypesConfig /etc/mime.types' 'ScriptSock cgid.sock' \
		"DocumentRoot $T/www" '<Directory />' 'Require all denied' \
		'</Directory>' "<Directory $T/www>" 'Require all granted' \
		'Options Indexes FollowSymLinks' \
		"AllowOverride ${APACHE_ALLOW:-All}" '</Directory>' \
		'<Files ".ht*">' 'Require all denied' '</Files>'
	# As Debian has it.
	printf 'AddOutputFilterByType DEFLATE text/html text/plain text/css\n'
}

# start_apache_host: what apache_upload has put there, on a shared host.
start_apache_host()
{
	shared_host >"$T/conf/host.conf"
	run_apache "$T/conf/host.conf"
	apache_at /spoolcast.fcgi
}

# --- the life of the server --------------------------------------------------

apache_starts()
{
	grep -c 'resuming normal operations' "$T/apache.log" || true
}

has_started_times()
{
	(($(apache_starts) == $1))
}

# A graceful restart; done when the next generation of children serves.
apache_graceful()
{
	local starts
	starts=$(apache_starts)
	kill -USR1 "$APACHE_PID"
	wait_for 30 has_started_times $((starts + 1))
}

# Stops the server, with everything that it has started.
apache_stop()
{
	kill "$APACHE_PID"
	wait_for 30 gone "$APACHE_PID"
}

# Prints the ids of the processes that Apache has started from the binary.
apache_responders()
{
	find /proc/[0-9]*/exe -maxdepth 0 -lname "$T/*/spoolcast.fcgi" \
		2>/dev/null | tr -dc '0-9\n'
}

has_responders()
{
	(($(apache_responders | wc -l) == $1))
}
