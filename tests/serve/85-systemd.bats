#!/usr/bin/env bats
# The units that are installed: they do what the README says, under all that
# they forbid, and forbid a lot.
# shellcheck disable=SC2153 # get sets STATUS

load ../helpers/common
load ../helpers/systemd

setup()
{
	common_setup
	unset SPOOLCAST_CONFIG
	# The web server's user comes to the spool.
	chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
}

teardown()
{
	local status=0
	systemd_end || status=1
	stop_all || status=1
	return "$status"
}

# as_www COMMAND...: as the web server's user.
as_www()
{
	setpriv --reuid=www-data --regid=www-data --init-groups "$@"
}

unit_log_has()
{
	grep -qsF -- "$1" "$T/unit.log"
}

# begin_unit: installed, enabled, and a web server in front.
begin_unit()
{
	systemd_begin
	SPOOL=$T/var-spool/spoolcast
	systemd_ctl start spoolcast.socket
	wait_for 10 test -S "$T/run/spoolcast.sock"
	start_lighttpd_socket
}

# says TEXT...: the viewer of $T/s has got these.
says()
{
	local text
	for text; do
		wait_line "$T/s" "$text"
	done
}

@test "installed and enabled it serves, and what is forbidden is forbidden" {
	begin_unit
	# Neither a configuration nor a spool was made by anybody.
	[[ ! -e $T/etc/spoolcast ]]
	same 'root www-data 660' "$(stat -c '%U %G %a' "$T/run/spoolcast.sock")"
	sse_begin "$URL/news" "$T/s"
	same 'www-data www-data 2775' "$(stat -c '%U %G %a' "$SPOOL")"
	wait_for 10 unit_log_has 'config="(none)" spool="/var/spool/spoolcast"'
	echo hello >>"$SPOOL/news"
	says hello
	# What it runs with.
	local pid files
	pid=$(systemd_ctl show -P MainPID spoolcast.service)
	systemd_in cat "/proc/$pid/status" >"$T/status"
	same "$(id -u www-data) $(id -g www-data)" \
		"$(awk '/^Uid/{ u = $3 } /^Gid/{ print u, $3 }' "$T/status")"
	grep -q '^CapBnd:.0000000000000000$' "$T/status"
	grep -q '^NoNewPrivs:.1$' "$T/status"
	grep -q '^Seccomp:.2$' "$T/status"
	systemd_in cat "/proc/$pid/limits" >"$T/limits"
	# As many as there may be on this machine.
	files=$(ulimit -Hn)
	[[ $files != unlimited ]] && ((files < 65536)) || files=65536
	grep -qE "^Max open files +$files +$files " "$T/limits"
	systemd_in nsenter -t "$pid" -n cat /proc/net/dev >"$T/net"
	same 1 "$(grep -c : "$T/net")"
	run systemd_in nsenter -t "$pid" -m touch /etc/x /var/spool/x /usr/local/x
	printf '%s\n' "$output" >"$T/touch.err"
	same 3 "$(grep -c 'Read-only file system' "$T/touch.err")"
}

@test "under the unit: pipes, drop folders, rotation, publish, many processes" {
	mkdir -p "$T/etc/spoolcast" "$T/etc/systemd/system/spoolcast.service.d"
	printf '%s\n' '[spool]' 'max_size = 4K' 'keep = 4' \
		>"$T/etc/spoolcast/spoolcast.ini"
	printf '%s\n' '[Service]' 'ExecStart=' \
		'ExecStart=/usr/local/bin/spoolcast serve --processes 2' \
		>"$T/etc/systemd/system/spoolcast.service.d/more.conf"
	begin_unit
	systemd_in systemd-tmpfiles --create spoolcast.conf
	umask 0002
	as_www mkfifo -m 660 "$SPOOL/alerts.fifo"
	as_www mkdir -m 770 "$SPOOL/jobs.d"
	systemd_ctl start spoolcast.service
	wait_for 10 unit_log_has 'config="/etc/spoolcast/spoolcast.ini"'
	sse_begin "$URL/news,alerts,jobs" "$T/s"
	# In a pipe and a drop folder, of which journals are made.
	echo "from a pipe" >"$SPOOL/alerts.fifo"
	says "from a pipe"
	as_www tee "$SPOOL/jobs.d/1" <<<"from a folder"
	says "from a folder"
	wait_for 10 test ! -e "$SPOOL/jobs.d/1"
	# The folder is for the group, too, as the spool is.
	same 'www-data 775' "$(stat -c '%G %a' "$SPOOL/.spoolcast" | sed 's/ 2/ /')"
	# By a publisher of the group that is not that user.
	setpriv --reuid=65533 --regid=www-data --clear-groups env -u HOME \
		SPOOLCAST_SPOOL="$SPOOL" "$T/usr-local/bin/spoolcast" \
		publish news published
	says published
	# Rotated by a responder, which gives the new file the old one's rights.
	seq 2000 | as_www tee -a "$SPOOL/news" >/dev/null
	says 2000
	wait_for 10 test -e "$SPOOL/news.1"
	wait_for 10 test -e "$SPOOL/news"
	as_www tee -a "$SPOOL/news" <<<after
	says after
	run ! grep -E 'refused|failed|rotation-|error' "$T/unit.log"
	systemd_ctl stop spoolcast.service
	run ! grep -q spoolcast.gap "$T/s"
}

@test "under the unit: a budget of streams holds" {
	mkdir -p "$T/etc/spoolcast"
	printf '%s\n' '[limits]' 'streams = 1' '[flush]' 'poll_retry = 1s' \
		>"$T/etc/spoolcast/spoolcast.ini"
	begin_unit
	sse_begin "$URL/news" "$T/s"
	# The second is served by a short poll.
	get "$URL/news" -H 'Accept: text/event-stream'
	same 200 "$STATUS"
	grep -q '^retry: ' "$BODY"
	echo hello >>"$SPOOL/news"
	says hello
}

@test "under the unit: while it is restarted its socket has somebody listening" {
	local asked=0 restarts
	begin_unit
	sse_begin "$URL/news" "$T/s"
	# More of them would be too many for systemd, in so short a time.
	restart() { for _ in {1..3}; do systemd_ctl restart spoolcast.service; done; }
	background "$T/restart.err" restart
	restarts=$PID
	# Whoever asks waits for the next one, and has a stream then.
	until gone "$restarts"; do
		get "$URL/news" -I --max-time 20 \
			-H 'Accept: text/event-stream' || true
		same 200 "$STATUS"
		asked=$((asked + 1))
	done
	((asked > 0))
}

@test "wrong settings are said once, and not tried again" {
	mkdir -p "$T/etc/spoolcast"
	printf '%s\n' '[stream]' 'heartbeet = 1s' >"$T/etc/spoolcast/spoolcast.ini"
	systemd_begin
	systemd_ctl start spoolcast.service || true
	has_failed() { systemd_ctl is-failed -q spoolcast.service; }
	wait_for 10 has_failed
	same '100 0' "$(systemd_ctl show -P ExecMainStatus spoolcast.service) \
$(systemd_ctl show -P NRestarts spoolcast.service)"
	wait_for 10 unit_log_has heartbeet
}

@test "a spool elsewhere takes the drop-in that the unit tells of" {
	mkdir -p "$T/etc/systemd/system/spoolcast.service.d"
	mkdir -p "$T/var-spool"
	install -d -o www-data -g www-data -m 2775 "$T/var-spool/mine"
	# As the comment has it, with another path.
	sed -n '/^# It must exist/ q; s/^#	//p' "$ROOT/conf/spoolcast.service" |
		sed 's|/srv/spool|/var/spool/mine|' \
		>"$T/etc/systemd/system/spoolcast.service.d/spool.conf"
	begin_unit
	SPOOL=$T/var-spool/mine
	as_www mkfifo -m 660 "$SPOOL/alerts.fifo"
	systemd_ctl start spoolcast.service
	sse_begin "$URL/alerts" "$T/s"
	echo here >"$SPOOL/alerts.fifo"
	says here
}

@test "its exposure by systemd-analyze security is 2.0 at most" {
	local found
	[[ -x $(command -v systemd-analyze) ]] || skip "there is no systemd"
	systemd_install
	found=$(systemd-analyze security --offline=yes --no-pager \
		"$T/usr-local/lib/systemd/system/spoolcast.service" |
		tee "$T/security" | sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
	printf '# exposure: %s\n' "$found" >&3
	[[ -n $found ]]
	awk -v found="$found" 'BEGIN { exit found > 2.0 }'
}
