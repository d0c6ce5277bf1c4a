#!/usr/bin/env bats
# The ways in which the program is started as a responder, and woken.
# shellcheck disable=SC2153 # get sets STATUS

load ../helpers/common

setup()
{
	common_setup
	: >"$SPOOL/news"
}

teardown() { stop_all; }

# serve ARGUMENT...: `spoolcast serve` that is to fail; status and output.
serve_fails()
{
	run -"$1" timeout 60 "$SPOOLCAST" serve "${@:2}"
}

# lives: a line reaches a viewer at $URL.
lives()
{
	sse_begin "$URL/news" "$T/live"
	echo "is it on?" >>"$SPOOL/news"
	wait_line "$T/live" "is it on?"
	sse_close
}

has_text()
{
	grep -qs "$2" "$1"
}

@test "on a TCP port" {
	local port
	for port in {1..20}; do
		port=$((20000 + RANDOM % 12000))
		: >"$T/serve.log"
		background "$T/serve.log" "$SPOOLCAST" serve \
			--listen "127.0.0.1:$port"
		wait_for 10 grep -qE 'serving|in use' "$T/serve.log"
		! grep -q 'in use' "$T/serve.log" || continue
		break
	done
	run_lighttpd 'server.modules = ("mod_fastcgi")' \
		"fastcgi.server = (\"/events\" => ((\"host\" => \"127.0.0.1\",
			\"port\" => $port, \"check-local\" => \"disable\")))"
	lives
}

@test "with sockets from systemd" {
	# What sd_listen_fds(3) expects, made by hand.
	# shellcheck disable=SC2016 # it is Perl
	background "$T/serve.log" perl -MIO::Socket::UNIX -MPOSIX -e '
		my $s = IO::Socket::UNIX->new(Listen => 5, Local => shift) or die;
		POSIX::dup2($s->fileno, 3) if $s->fileno != 3;
		fcntl(STDIN, 2, 0);
		open(my $fd, "<&=", 3); fcntl($fd, 2, 0);
		$ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1;
		exec @ARGV or die;' "$T/serve.sock" "$SPOOLCAST"
	wait_for 10 has_text "$T/serve.log" event=serving
	start_lighttpd_socket
	lives
}

@test "variables of systemd that are meant for another process are ignored" {
	LISTEN_PID=1 LISTEN_FDS=1 run -100 "$SPOOLCAST"
}

@test "a unix socket has the permissions that were asked for" {
	start_serve
	same 660 "$(stat -c %a "$T/serve.sock")"
	background "$T/serve.log" "$SPOOLCAST" serve \
		--listen "unix:$T/own.sock" --mode 0600
	wait_for 10 listens "$T/own.sock"
	same 600 "$(stat -c %a "$T/own.sock")"
}

@test "a unix socket has the group that was asked for, and all of several have" {
	local group name
	group=$(id -g)
	((EUID != 0)) || group=33
	name=$(getent group "$group")
	background "$T/serve.log" "$SPOOLCAST" serve --processes 2 \
		--listen "unix:$T/a.sock" --listen "unix:$T/b.sock" \
		--listen 127.0.0.1:0 --group "${name%%:*}"
	wait_for 10 listens "$T/b.sock"
	same "$group 660" "$(stat -c '%g %a' "$T/a.sock")"
	same "$group 660" "$(stat -c '%g %a' "$T/b.sock")"
	background "$T/serve.log" "$SPOOLCAST" serve \
		--listen "unix:$T/c.sock" --group "$group" --mode 0620
	wait_for 10 listens "$T/c.sock"
	same "$group 620" "$(stat -c '%g %a' "$T/c.sock")"
}

@test "a group that is none, or is not ours to give, is an error with its remedy" {
	local other=()
	serve_fails 100 --listen "unix:$T/x.sock" --group no-such-group
	[[ $output == *'no such group in /etc/group; give one of that file'* ]]
	serve_fails 100 --listen "unix:$T/x.sock" --group 12x
	serve_fails 100 --listen "unix:$T/x.sock" --group ''
	serve_fails 100 --listen 127.0.0.1:0 --group 33
	[[ $output == *'it is for unix sockets'* ]]
	# Whoever is not root may give it only to a group of its own.
	((EUID != 0)) || {
		other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
		chmod a+rx "$BATS_RUN_TMPDIR" "$T"
		install -d -o 65534 "$T/own"
	}
	mkdir -p "$T/own"
	run -111 "${other[@]}" "$SPOOLCAST" serve \
		--listen "unix:$T/own/x.sock" --group 1
	[[ $output == *'cannot give it to group 1: '*'run this as root'* ]]
	[[ ! -e $T/own/x.sock ]]
}

@test "a socket that nobody serves any more is replaced" {
	start_serve
	kill -KILL "$SERVE_PID"
	wait_for 10 gone "$SERVE_PID"
	[[ -S $T/serve.sock ]]
	: >"$T/serve.log"
	background "$T/serve.log" "$SPOOLCAST" serve \
		--listen "unix:$T/serve.sock"
	wait_for 10 has_text "$T/serve.log" event=serving
	start_lighttpd_socket
	lives
}

@test "a socket that is served is left alone, and so is what is none" {
	start_serve
	serve_fails 111 --listen "unix:$T/serve.sock"
	[[ $output == *'in use; stop what listens there'* ]]
	serve_fails 111 --listen "unix:$T/none/x.sock"
	[[ $output == *'No such file or directory; make the folder first' ]]
	start_lighttpd_socket
	lives
	echo precious >"$T/file"
	serve_fails 111 --listen "unix:$T/file"
	# Nobody is told to remove what is no socket.
	[[ $output == *'File exists; that is not a socket, use another path'* ]]
	[[ $output != *remove* ]]
	ln -s serve.sock "$T/link"
	serve_fails 111 --listen "unix:$T/link"
	[[ $output == *'that is not a socket'* && $output != *remove* ]]
	same precious "$(cat "$T/file")"
}

@test "wrong usage is 100, and says what is right" {
	serve_fails 100
	[[ $output == *--listen* ]]
	serve_fails 100 --listen "unix:$T/x.sock" extra
	[[ $output == *extra* ]]
	serve_fails 100 --listen 127.0.0.1:22x
	[[ $output == *'the port is to be a number'* ]]
	serve_fails 100 --listen "unix:$T/x.sock" --mode 999
	[[ $output == *octal* ]]
	serve_fails 100 --listen nonsense
	[[ $output == *unix:PATH* ]]
	serve_fails 100 --listen unix:
	serve_fails 100 --listen "unix:$T/$(printf 'x%.0s' {1..120})"
	[[ $output == *'too long'* ]]
	ini '[stream]' 'heartbeet = 1s'
	serve_fails 100 --listen "unix:$T/x.sock"
	[[ $output == *"$INI:4"* && $output == *heartbeat* ]]
}

@test "where inotify instances are used up, it polls and loses nothing" {
	# Instances are counted by user: one of its own, so that nobody else is
	# concerned, who may still read and write the test's folder.
	local other=() caps=+dac_override,+dac_read_search
	((EUID != 0)) ||
		other=(setpriv --reuid=$((200000 + BASHPID)) "--inh-caps=$caps"
			"--ambient-caps=$caps")
	: >"$T/hog"
	background "$T/hog.err" "${other[@]}" \
		"${SPOOLCAST%/*}/helpers/inotify_hog" >"$T/hog"
	wait_for 10 has_text "$T/hog" full
	start_serve "${other[@]}"
	chmod 666 "$T/serve.sock"
	start_lighttpd_socket
	lives
	wait_for 10 has_text "$T/serve.log" 'event=polling'
	sse_begin "$URL/build-*,later" "$T/s"
	echo one >"$SPOOL/later"
	wait_line "$T/s" one
	echo two >"$SPOOL/build-1"
	wait_line "$T/s" two
	mv "$SPOOL/later" "$SPOOL/away"
	echo three >"$SPOOL/later"
	wait_line "$T/s" three
	same '"one","two","three"' "$(texts "$T/s")"
}

@test "a spool folder that comes later is found" {
	rm -r "$SPOOL"
	start_serve
	start_lighttpd_socket
	get "$URL/news"
	turned_away
	grep -q 'event=spool-unreadable' "$T/serve.log"
	mkdir "$SPOOL"
	lives
	# And one that is replaced while somebody watches.
	sse_begin "$URL/news" "$T/s"
	mv "$SPOOL" "$SPOOL.away"
	mkdir "$SPOOL"
	echo anew >>"$SPOOL/news"
	wait_line "$T/s" anew
	# It had read the old file to its end: nothing is lost.
	same '' "$(texts "$T/s" spoolcast.gap)"
}

@test "a file that cannot be read is not taken for an empty one" {
	# Not even root may read it without these capabilities.
	local less=()
	((EUID != 0)) ||
		less=(setpriv "--bounding-set=-dac_override,-dac_read_search")
	chmod 0 "$SPOOL/news"
	start_serve "${less[@]}"
	start_lighttpd_socket
	get "$URL/news"
	turned_away
	grep -q 'event=channel-unreadable channel=news' "$T/serve.log"
	chmod 644 "$SPOOL/news"
	lives
}
