#!/usr/bin/env bats
# Faults of the file system that the spool is on: it cannot be written, it goes
# away and comes back, or it tells nothing of what happens on it.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common

setup() { common_setup; }

teardown()
{
	local status=0
	stop_all || status=1
	[[ -e $T/mounted ]] && while mountpoint -q "$SPOOL"; do
		# Lazily: whoever had files open there has just ended.
		umount -l "$SPOOL" || status=1
	done
	return "$status"
}

# mounts WHAT...: mount(8) it as the spool, or skip where that is not allowed.
mounts()
{
	mount "$@" "$SPOOL" 2>"$T/mount.err" ||
		skip "mount: $(head -n 1 "$T/mount.err")"
	: >"$T/mounted"
}

# reads_only COMMAND...: it has the spool read-only, others do not.
# shellcheck disable=SC2016 # of that shell
reads_only=(unshare -m sh -c 'mount --bind "$0" "$0" &&
	mount -o remount,bind,ro "$0" && exec "$@"')

may_read_only()
{
	"${reads_only[@]}" "$SPOOL" true 2>"$T/unshare.err" ||
		skip "no mounts of one's own: $(head -n 1 "$T/unshare.err")"
}

has_text() # FILE TEXT
{
	grep -qsF -- "$2" "$1"
}

@test "spool read-only: append files work in full" {
	may_read_only
	seq 3 >"$SPOOL/news"
	printf 'event: build\ndata: one\n\n' >"$SPOOL/deploy.sse"
	start_serve "${reads_only[@]}" "$SPOOL"
	start_lighttpd_socket
	sse_begin "$URL/news,deploy?history=all" "$T/s"
	wait_line "$T/s" 3
	wait_line "$T/s" one
	echo 4 >>"$SPOOL/news"
	wait_line "$T/s" 4
	# Rotated by somebody who may.
	mv "$SPOOL/news" "$SPOOL/news.1"
	echo 5 >"$SPOOL/news"
	wait_line "$T/s" 5
	sse_close
	echo 6 >>"$SPOOL/news"
	sse_begin "$URL/news,deploy" "$T/s2" \
		-H "Last-Event-ID: $(last_id "$T/s")"
	wait_line "$T/s2" 6
	same '"1","2","3","4","5","6"' "$(texts "$T/s"),$(texts "$T/s2")"
	# It is what it was said to be, and nothing of ours is in it.
	run -1 "${reads_only[@]}" "$SPOOL" touch "$SPOOL/x"
	[[ ! -e $SPOOL/.spoolcast ]]
}

@test "spool read-only: that pipes and drop folders are not served is said" {
	may_read_only
	mkfifo "$SPOOL/alerts.fifo"
	mkdir "$SPOOL/jobs.d"
	echo 1 >"$SPOOL/jobs.d/1"
	start_serve "${reads_only[@]}" "$SPOOL"
	start_lighttpd_socket
	sse_begin "$URL/alerts,jobs,news" "$T/s"
	wait_for 20 grep -q 'error event=sources-refused .*remedy=' \
		"$T/serve.log"
	grep -q 'Read-only file system' "$T/serve.log"
	# The others do not suffer, and nothing is lost of what cannot be taken.
	echo hello >>"$SPOOL/news"
	wait_line "$T/s" hello
	[[ -e $SPOOL/jobs.d/1 ]]
	run -1 "${reads_only[@]}" "$SPOOL" "$SPOOLCAST" check
	[[ $output == *'Read-only file system'*'are not read'* ]]
	[[ $output == *'jobs.d: '*'mount that file system for writing'* ]]
	[[ $output != *chmod* ]]
	# Once in a while, not each time it is tried.
	(($(grep -c 'error event=' "$T/serve.log") < 10))
}

@test "spool unmounted and back: what was on it is still known" {
	truncate -s 16M "$T/disk"
	mkfs.ext4 -q -F "$T/disk"
	mounts -o loop "$T/disk"
	seq 3 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" 3
	# Lazily, as the responder has files open there.
	umount -l "$SPOOL"
	mount -o loop "$T/disk" "$SPOOL"
	echo 4 >>"$SPOOL/news"
	wait_line "$T/s" 4
	sse_close
	sse_begin "$URL/news" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s")"
	echo 5 >>"$SPOOL/news"
	wait_line "$T/s2" 5
	same '"1","2","3","4","5"' "$(texts "$T/s"),$(texts "$T/s2")"
	same '' "$(texts "$T/s" spoolcast.gap)$(texts "$T/s2" spoolcast.gap)"
}

@test "spool unmounted while nobody watches, and back: ids mean the same" {
	ini '[stream]' 'heartbeat = 200ms'
	truncate -s 16M "$T/disk"
	mkfs.ext4 -q -F "$T/disk"
	mounts -o loop "$T/disk"
	seq 3 >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" 3
	sse_close
	# Nothing of it is kept open once the last viewer is gone.
	is_unmounted() { umount "$SPOOL" 2>>"$T/umount.log"; }
	wait_for 30 is_unmounted
	rm "$T/umount.log"
	# Somebody asks while there is another folder in its place.
	sse_begin "$URL/other" "$T/other"
	mount -o loop "$T/disk" "$SPOOL"
	echo 4 >>"$SPOOL/news"
	sse_begin "$URL/news" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s")"
	wait_line "$T/s2" 4
	same '"4"' "$(texts "$T/s2")"
	same '' "$(texts "$T/s2" spoolcast.gap)"
}

@test "another file system in place of the spool is found for all who wait" {
	echo old >"$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/news?history=all" "$T/s"
	wait_line "$T/s" old
	mounts -t tmpfs none
	echo new >"$SPOOL/news"
	# Nothing tells that something was mounted: who asks next finds it, and
	# everybody comes back before long.
	get "$URL/news" -I
	same 200 "$STATUS"
	wait_line "$T/s" new
	echo newer >>"$SPOOL/news"
	wait_line "$T/s" newer
	same '"old","new","newer"' "$(texts "$T/s")"
}

@test "a file system that tells nothing (FUSE): what is appended arrives" {
	mkdir "$T/under"
	[[ -c /dev/fuse ]] || skip 'no /dev/fuse'
	background "$T/mount.err" bindfs -f "$T/under" "$SPOOL"
	comes_up() { mountpoint -q "$SPOOL" || gone "$PID"; }
	wait_for 10 comes_up
	! gone "$PID" || skip "bindfs: $(head -n 1 "$T/mount.err")"
	: >"$T/mounted"
	seq 3 >"$T/under/news"
	start_lighttpd
	sse_begin "$URL/build-*" "$T/glob"
	sse_begin "$URL/news?history=all" "$T/s"
	wait_for 10 has_text "$T/spoolcast.log" event=polling
	wait_line "$T/s" 3
	# Another host writes, for all that this one hears.
	for i in {4..10}; do
		echo "$i" >>"$T/under/news"
		wait_for 20 has_line "$T/s" "$i"
	done
	# By that name its file has attributes of another now, if it is not
	# renamed where it is mounted: FUSE knows files by their paths.
	mv "$SPOOL/news" "$SPOOL/news.1"
	echo 11 >"$T/under/news"
	wait_for 20 has_line "$T/s" 11
	echo later >"$T/under/build-1"
	wait_for 20 has_line "$T/glob" later
	sse_close
	echo 12 >>"$T/under/news"
	sse_begin "$URL/news" "$T/s2" -H "Last-Event-ID: $(last_id "$T/s")"
	wait_for 20 has_line "$T/s2" 12
	same "$(seq -s , -f '"%g"' 12)" "$(texts "$T/s"),$(texts "$T/s2")"
	same '' "$(texts "$T/s" spoolcast.gap)$(texts "$T/s2" spoolcast.gap)"
}
