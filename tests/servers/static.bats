#!/usr/bin/env bats
# shellcheck disable=SC2153
# make static: one file for a host where nothing can be installed.  It runs in
# a folder that is the whole file system to it and holds nothing else but a
# spool and a configuration.

load ../helpers/common

setup()
{
	common_setup
	((EUID == 0)) || skip 'only root may chroot'
	STATIC=${SPOOLCAST%/spoolcast}
	STATIC=${STATIC%/asan}/static/spoolcast.fcgi
	# What the programs find is in the jail, or nowhere.
	unset SPOOLCAST_CONFIG HOME
	make_jail ''
}

teardown() { stop_all; }

# make_jail FOLDER: in $JAIL, the file and what belongs to it in FOLDER.
make_jail()
{
	JAIL=$T/jail
	UPLOAD=$JAIL$1
	SPOOL=$UPLOAD/spool
	rm -rf "$JAIL"
	mkdir -p "$SPOOL"
	cp "$STATIC" "$UPLOAD/spoolcast.fcgi"
	printf '%s\n' '[spool]' 'path = spool' >"$UPLOAD/spoolcast.ini"
	chmod -R a+rX "$JAIL"
}

in_jail()
{
	chroot "$JAIL" /spoolcast.fcgi "$@"
}

# make_enter: $T/enter is a program that is ours, in the jail.
make_enter()
{
	printf '%s\n' '#!/bin/sh' "exec chroot '$JAIL' /spoolcast.fcgi" \
		>"$T/enter"
	chmod 755 "$T/enter"
}

# resumes: a viewer at $URL gets what is written while it is there, and what is
# written while it is away.
resumes()
{
	sse_begin "$URL/news" "$T/out"
	echo one >>"$SPOOL/news"
	wait_line "$T/out" one
	sse_close
	echo two >>"$SPOOL/news"
	sse_open "$URL/news" "$T/more" \
		-H "Last-Event-ID: $(last_id "$T/out")"
	wait_line "$T/more" two
	sse_close
	same '"one"' "$(texts "$T/out")"
	same '"two"' "$(texts "$T/more")"
}

# Prints the folders of all the processes that run the file.
processes()
{
	find /proc/[0-9]*/exe -maxdepth 0 -lname "$UPLOAD/spoolcast.fcgi" \
		-printf '%h\n' 2>/dev/null
}

# nobody_left: without a viewer none runs; lighttpd notes by a write that he is
# gone.
nobody_left()
{
	echo 'anybody there?' >>"$SPOOL/news"
	[[ -z $(processes) ]]
}

# And their roots.
roots()
{
	processes | sed 's,$,/root,' | xargs -r readlink | sort -u
}

# private_at_most KB: all of them together have no more memory than that which
# is theirs alone.
private_at_most()
{
	local kb
	kb=$(processes | sed 's,$,/smaps_rollup,' | xargs -r cat |
		awk '/^Anonymous:/ { sum += $2 } END { print sum }')
	echo "private memory: $kb kB" >"$T/private.log"
	((kb > 0 && kb <= $1))
}

@test "it is one file that asks for no other" {
	local headers
	headers=$(readelf -lW "$STATIC")
	[[ $headers == *LOAD* && $headers != *INTERP* ]]
	[[ $headers != *DYNAMIC* ]]
	# The jail is one: the program that needs libraries cannot start there.
	cp "${STATIC%/static/*}/spoolcast" "$UPLOAD/spoolcast.fcgi"
	run -127 in_jail version
}

@test "every verb works where there is nothing else" {
	in_jail version >"$T/version"
	same "$("$SPOOLCAST" version)" "$(cat "$T/version")"
	in_jail publish news 'hello there'
	same 'hello there' "$(cat "$SPOOL/news")"
	in_jail check >"$T/check"
	grep -q /spool "$T/check"
	run -0 in_jail help settings
	[[ $output == *'[spool]'* ]]
}

start_jailed_cgi()
{
	make_enter
	run_lighttpd \
		'server.modules = ("mod_alias", "mod_setenv", "mod_cgi")' \
		"alias.url = (\"/events\" => \"$T/enter\")" \
		"$(cgi_environment PATH)" \
		'cgi.assign = ("enter" => "")'
}

@test "plain CGI behind lighttpd needs nothing beside the file" {
	start_jailed_cgi
	resumes
	sse_begin "$URL/news" "$T/last"
	same "$JAIL" "$(roots)"
	sse_close
}

@test "a process for one viewer is small, and again so when it sent much" {
	printf '%s\n' '[stream]' 'history_max = 100000' \
		>>"$UPLOAD/spoolcast.ini"
	start_jailed_cgi
	sse_begin "$URL/news" "$T/out"
	echo one >>"$SPOOL/news"
	wait_line "$T/out" one
	wait_for 10 private_at_most 80
	sse_close
	wait_for 10 nobody_left
	seq -f 'line %.0f, one of those that make this file long' 50000 \
		>>"$SPOOL/news"
	echo last >>"$SPOOL/news"
	sse_open "$URL/news?history=all" "$T/all"
	wait_for 60 has_line "$T/all" last
	wait_for 10 private_at_most 150
	sse_close
}

@test "a responder of lighttpd needs nothing beside the file" {
	make_enter
	run_lighttpd 'server.modules = ("mod_fastcgi")' \
		"fastcgi.server = (\"/events\" => ((
			\"bin-path\" => \"$T/enter\",
			\"socket\" => \"$T/sc.sock\",
			\"max-procs\" => 1,
			\"check-local\" => \"disable\")))"
	resumes
	same "$JAIL" "$(roots)"
}

# Apache itself is in the jail, where its document root is that of $T.  Not
# with threads: to end one it would load libgcc_s there.
apache_conf()
{
	local module name
	for module in mpm_prefork authz_core mime fcgid; do
		printf 'LoadModule %s_module %s/mod_%s.so\n' "$module" \
			/usr/lib/apache2/modules "$module"
	done
	for name in SPOOLCAST_TEST SPOOLCAST_RUN; do
		printf 'FcgidInitialEnv %s "%s"\n' "$name" "${!name:-none}"
	done
	printf '%s\n' "Listen 127.0.0.1:$PORT" 'ServerName localhost' \
		"PidFile $T/apache.pid" "ErrorLog $T/apache.log" \
		'User www-data' 'Group www-data' \
		'TypesConfig /etc/mime.types' "ChrootDir $JAIL" \
		"DocumentRoot $T/www" "FcgidIPCDir $T/run" \
		"FcgidProcessTableFile $T/fcgid.shm" \
		'<Directory />' 'Require all denied' '</Directory>' \
		"<Directory $T/www>" 'Require all granted' \
		'AllowOverride All' '</Directory>'
}

apache_is_up()
{
	grep -qs 'resuming normal operations' "$T/apache.log" ||
		gone "$APACHE_PID"
}

run_apache_in_jail()
{
	local tries
	for tries in {1..20}; do
		PORT=$((20000 + RANDOM % 12000))
		apache_conf >"$T/apache.conf"
		: >"$T/apache.log"
		# In a group of its own: prefork stops all of its group.
		background "$T/apache.err" setsid apache2 -d "$T" \
			-f "$T/apache.conf" -D FOREGROUND
		APACHE_PID=$PID
		wait_for 20 apache_is_up
		if ! gone "$APACHE_PID"; then
			URL=http://127.0.0.1:$PORT/spoolcast.fcgi
			return 0
		fi
		grep -qs 'could not bind' "$T"/apache.{log,err} || break
	done
	printf 'apache2 does not start (try %s)\n' "$tries" >&2
	return 1
}

@test "uploaded with an .htaccess, it runs by mod_fcgid in an empty system" {
	make_jail "$T/www"
	mkdir -p "$T/run" "$JAIL$T/run"
	chmod a+rwx "$JAIL$T/run"
	printf '%s\n' 'Options +ExecCGI' '<Files "spoolcast.fcgi">' \
		'SetHandler fcgid-script' '</Files>' >"$UPLOAD/.htaccess"
	run_apache_in_jail
	get "$URL/news" --head
	same 200 "$STATUS"
	same "$JAIL" "$(roots)"
	# mod_fcgid keeps what is short until the response ends.
	printf '%s\n' one two >>"$SPOOL/news"
	touch "$SPOOL/news.end"
	get "$URL/news?history=2" -H 'Accept: text/event-stream'
	same 200 "$STATUS"
	same '"one","two"' "$(texts "$BODY")"
	same '.htaccess news news.end spoolcast.fcgi spoolcast.ini' \
		"$(find "$JAIL" -type f -printf '%f\n' | LC_ALL=C sort | xargs)"
}

@test "where there is no log to write to, requests are answered all the same" {
	# Neither stderr nor /dev/log takes a line.
	printf '%s\n' '[stream]' 'heartbeet = 1s' >>"$UPLOAD/spoolcast.ini"
	REQUEST_METHOD=GET REQUEST_URI=/news in_jail >"$T/out" 2>/dev/null
	grep -q '^: the configuration is wrong' "$T/out"
	REQUEST_METHOD=GET REQUEST_URI=/news in_jail >"$T/out" 2>&-
	grep -q '^: the configuration is wrong' "$T/out"
}

@test "it listens on a number, and says that it looks up no names" {
	run -100 in_jail serve --listen localhost:9000
	[[ $output == *'no names'*127.0.0.1:9000* ]]
	background "$T/serve.log" chroot "$JAIL" /spoolcast.fcgi serve \
		--listen 127.0.0.1:0
	wait_for 10 grep -qs event=serving "$T/serve.log"
	kill "$PID"
	wait_for 10 gone "$PID"
	wait "$PID"
}
