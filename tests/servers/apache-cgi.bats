#!/usr/bin/env bats
# conf/htaccess-cgi: a file uploaded to a shared host, run as plain CGI.

# shellcheck disable=SC2034,SC2153 # the helpers use these, get sets STATUS
load ../helpers/common
load ../helpers/matrix
load ../helpers/apache
load ../helpers/mount

setup()
{
	common_setup
	apache_setup
	apache_upload cgi
	KIND=cgi
}

teardown() { apache_teardown; }

responders() { apache_responders; }

start()
{
	matrix_ini '[stream]' 'retry = 100ms'
	start_apache_host
}

@test "the upload is all there is to do" {
	start_apache_host
	: >"$SPOOL/news"
	sse_begin "$URL/news" "$T/s"
	echo hello >>"$SPOOL/news"
	wait_line "$T/s" hello
	same '"hello"' "$(texts "$T/s")"
}

@test "a stream opens before any event" {
	start
	matrix_both matrix_opens
}

@test "each event arrives before the next is written" {
	start
	matrix_both matrix_flows
}

@test "a viewer who goes is noticed" {
	HEARTBEAT=300ms start
	matrix_both matrix_gone
}

@test "Last-Event-ID resumes exactly, Origin and Cookie arrive" {
	HEARTBEAT=300ms start
	matrix_both matrix_headers
}

@test "every status arrives with its headers and body" {
	start
	matrix_both matrix_statuses
}

@test "streams flow where everything is compressed" {
	apache_compresses
	start
	matrix_both matrix_gzip
}

@test "streams flow where mod_brotli compresses, too" {
	apache_compresses
	apache_extra "LoadModule brotli_module $APACHE_MODULES/mod_brotli.so" \
		'SetOutputFilter BROTLI_COMPRESS;DEFLATE'
	start
	matrix_both matrix_gzip
}

@test "it is no-gzip that streams flow by where everything is compressed" {
	apache_compresses
	start
	# The same program in a folder whose .htaccess does not say that.
	mkdir "$WWW/held"
	cp "$WWW/spoolcast.fcgi" "$WWW/spoolcast.ini" "$WWW/held/"
	printf '%s\n' '<Files "spoolcast.fcgi">' 'UnsetEnv no-gzip' \
		'</Files>' >"$WWW/held/.htaccess"
	sse_open "$ORIGIN/held/spoolcast.fcgi/news" "$T/held" --compressed
	local held=$VIEWER n pids
	wait_for 10 viewers_are 1
	mapfile -t pids < <(responders)
	sse_begin "$URL/news" "$T/s"
	for n in {1..10}; do
		echo "$n" >>"$SPOOL/news"
		wait_line "$T/s" "$n"
	done
	same 0 "$(wc -c <"$T/held")"
	kill "${pids[@]}"
	sse_end 20 "$held"
	same "$(texts "$T/s")" "$(texts "$T/held")"
}

@test "a host that allows an .htaccess less than all is enough" {
	APACHE_ALLOW='FileInfo Options=ExecCGI' start
	matrix_opens "$URL" --http1.1
}

@test "nobody can fetch the spool or the settings" {
	start
	local path
	echo secret >>"$SPOOL/news"
	for path in /spool /spool/ /spool/news //spool/news /./spool/news \
		/x/../spool/news /%73pool/news /spool/%6eews \
		/spool/news/x.fcgi /spool/news/x.fcgi/spool /spool/.spoolcast \
		/spool/none /spoolcast.ini //spoolcast.ini /spoolcast%2eini \
		/spool%2fnews; do
		get "$ORIGIN$path" --path-as-is
		same "404 $path" "$STATUS $path"
	done
	get "$ORIGIN/.htaccess"
	same 403 "$STATUS"
	# A channel may be called so.
	ini
	: >"$SPOOL/spool"
	sse_begin "$URL/spool" "$T/s"
	echo hello >>"$SPOOL/spool"
	wait_line "$T/s" hello
}

@test "a graceful restart leaves streams where they are" {
	start
	recover() { matrix_opens "$URL" --http1.1; }
	matrix_across apache_graceful recover
	same 5 "$CONNECTIONS"
}

@test "a stop ends the processes, and the streams resume after it" {
	start
	stop()
	{
		apache_stop
		wait_for 10 has_responders 0
	}
	matrix_across stop apache_again
	((CONNECTIONS > 5))
}

@test "SPOOLCAST_CHANNELS of an .htaccess holds, also across a rewrite" {
	# shellcheck disable=SC2016 # Apache expands $1
	apache_extra "<Directory \"$T/www\">" 'RewriteEngine on' \
		'RewriteRule "^live/(.*)$" "spoolcast.fcgi/$1" [L]' \
		'</Directory>' '<Location "/live">' \
		'SetEnv SPOOLCAST_CHANNELS news' '</Location>'
	start_apache_host
	# What Apache hands over has another name then.
	apache_at /live
	mount_holds
	echo 'SetEnv SPOOLCAST_CHANNELS news' >>"$WWW/.htaccess"
	apache_at /spoolcast.fcgi
	mount_holds
}
