# shellcheck shell=bash disable=SC2034,SC2154
# A systemd of a test's own that runs what `make install` leaves: PID 1 of
# namespaces of processes, files and control groups, so the units are carried
# out by that which will carry them out, with every restriction in them.
#
#	systemd_begin		installs, and starts it, or skips the test
#	systemd_ctl ...		systemctl
#	systemd_end		for teardown
#
# In there /usr/local is $T/usr-local, /run is $T/run, /var/spool is
# $T/var-spool, /etc is the machine's with $T/etc over it, and everything else
# is read-only.  From outside, the socket is $T/run/spoolcast.sock.  There are
# no units but spoolcast's and those that every unit depends on, without
# content; $T/etc/systemd/system is for a test's own.

# What that shell does before it becomes systemd.  $1 is $T.
# shellcheck disable=SC2016 # of that shell
SYSTEMD_BEGIN='
set -e
T=$1
mount --make-rprivate /
mount -t proc proc /proc
mount -o bind,ro /proc/sys /proc/sys
umount -R /sys/fs/cgroup 2>/dev/null || :
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$T/etc,workdir=$T/etc-work" /etc
mount --bind "$T/usr-local" /usr/local
mount --bind "$T/var-spool" /var/spool
mount --bind "$T/run" /run
mount -t tmpfs tmpfs /var/tmp
mount -t tmpfs tmpfs /tmp
mount -o remount,bind,ro /
exec env -i PATH="$PATH" container=test \
	SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/stubs:/usr/local/lib/systemd/system \
	/lib/systemd/systemd --system --unit=basic.target --log-target=null
'

# systemd_install: as somebody who installs it does.
systemd_install()
{
	local build=${SPOOLCAST%/spoolcast}
	make -C "$ROOT" -s install DESTDIR="$T/root" B="${build#"$ROOT/"}" \
		>/dev/null
	mv "$T/root/usr/local" "$T/usr-local"
}

systemd_stubs()
{
	local name
	mkdir -p "$T/run/stubs" "$T/run/systemd" "$T/etc/systemd/system" \
		"$T/etc-work" "$T/var-spool"
	for name in sysinit basic sockets shutdown multi-user; do
		printf '[Unit]\nDefaultDependencies=no\n' \
			>"$T/run/stubs/$name.target"
	done
	# The journal is another service; what is said goes to a file instead.
	mkdir "$T/run/stubs/spoolcast.service.d"
	printf '%s\n' '[Service]' 'StandardOutput=append:/run/unit.log' \
		'StandardError=append:/run/unit.log' \
		>"$T/run/stubs/spoolcast.service.d/log.conf"
	ln -s run/unit.log "$T/unit.log"
	ln -s run/spoolcast.sock "$T/serve.sock"
}

# A group of control groups for it alone.
systemd_cgroup()
{
	CGROUPS=$T/cgroups
	mkdir "$CGROUPS"
	mount -t cgroup2 cgroup2 "$CGROUPS" 2>"$T/mount.err" || return
	CGROUP=$CGROUPS/spoolcast-test-$BASHPID
	mkdir "$CGROUP"
}

systemd_is_up()
{
	SYSTEMD=$(pgrep -P "$SYSTEMD_PARENT") &&
		systemd_ctl is-active -q basic.target 2>/dev/null
}

systemd_begin()
{
	[[ $SPOOLCAST != */asan/* ]] ||
		skip "the unit forbids what AddressSanitizer does"
	((EUID == 0)) || skip "not root, so there is no systemd of one's own"
	[[ -x /lib/systemd/systemd ]] || skip "there is no systemd"
	systemd_install
	systemd_stubs
	systemd_cgroup || skip "no control groups: $(cat "$T/mount.err")"
	# shellcheck disable=SC2016 # of that shell
	background "$T/systemd.err" sh -c 'echo $$ >"$0/cgroup.procs" &&
		exec unshare --cgroup --mount --pid --ipc --uts --fork \
			sh -c "$1" - "$2"' "$CGROUP" "$SYSTEMD_BEGIN" "$T" \
		</dev/null >/dev/null
	SYSTEMD_PARENT=$PID
	if ! wait_for 20 systemd_is_up; then
		gone "$SYSTEMD_PARENT" || return
		skip "no systemd of one's own: $(tail -n 1 "$T/systemd.err")"
	fi
}

systemd_ctl()
{
	nsenter -t "$SYSTEMD" -m -p -- systemctl --no-pager "$@"
}

# systemd_in COMMAND...: among its files.
systemd_in()
{
	nsenter -t "$SYSTEMD" -m -p -- "$@"
}

cgroup_is_empty()
{
	find "$CGROUP" -mindepth 1 -type d -delete 2>/dev/null
	rmdir "$CGROUP" 2>/dev/null
}

systemd_end()
{
	local status=0
	# With the first of its processes all of them end.
	if [[ -n ${SYSTEMD:-} ]]; then
		kill -KILL "$SYSTEMD" || status=1
	elif [[ -n ${SYSTEMD_PARENT:-} ]]; then
		pkill -KILL -P "$SYSTEMD_PARENT" || true
	fi
	if [[ -n ${CGROUP:-} ]]; then
		wait_for 10 cgroup_is_empty || status=1
	fi
	if [[ -n ${CGROUPS:-} ]] && mountpoint -q "$CGROUPS"; then
		umount "$CGROUPS" || status=1
	fi
	return "$status"
}
