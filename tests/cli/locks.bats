#!/usr/bin/env bats
# Locks: who may only read stops nobody from writing what is ours, and whoever
# is waited for is named.

# shellcheck disable=SC2154 # run sets $stderr
# shellcheck disable=SC2153 # get sets STATUS

load ../helpers/common
load ../helpers/strangers

setup()
{
	common_setup
	cd "$T" || return
}

teardown()
{
	stop_all
}

# hold USER HOW FILE: that user has FILE, which is opened for reading only,
# locked, until the process $HOLDER is ended: by flock(2), "shared" or
# "exclusive", or by fcntl(2) for reading, "range".
hold()
{
	rm -f "$T/held"
	mkfifo -m 666 "$T/held"
	cat >"$T/hold.pl" <<'END'
use Fcntl qw(:DEFAULT :flock);
my ($how, $file, $held) = @ARGV;
open(my $f, "<", $file) or die $!;
if ($how eq "range") {
	my $all = pack("s s x4 q q l x4", F_RDLCK, 0, 0, 0, 0);
	fcntl($f, F_SETLK, $all) or die $!;
} else {
	flock($f, $how eq "shared" ? LOCK_SH : LOCK_EX) or die $!;
}
open(my $out, ">", $held) or die $!;
print $out "\n";
close($out);
sleep 600;
END
	background "$T/hold.log" setpriv --reuid="$1" --regid=nogroup \
		--clear-groups perl "$T/hold.pl" "$2" "$3" "$T/held"
	HOLDER=$PID
	# Opened for both, so that a holder that fails does not hang us.
	read -r -t 30 <>"$T/held"
}

readable()
{
	((EUID == 0)) || skip "only root can be several users"
	strangers_setup
	chmod 755 "$SPOOL"
}

journal_has() { grep -qsx "$2" "$SPOOL/.spoolcast/$1"; }

@test "a reader who locks journals stops neither pipes nor drop folders" {
	readable
	mkfifo "$SPOOL/alerts.fifo"
	mkdir "$SPOOL/jobs.d"
	start_serve
	echo one >"$SPOOL/alerts.fifo"
	echo one >"$SPOOL/jobs.d/a"
	wait_for 20 journal_has alerts.fifo.log one
	wait_for 20 journal_has jobs.d.log 'data: one'
	hold nobody shared "$SPOOL/.spoolcast/alerts.fifo.log"
	hold nobody exclusive "$SPOOL/.spoolcast/jobs.d.log"
	hold nobody range "$SPOOL/.spoolcast/alerts.fifo.log"
	hold nobody range "$SPOOL/.spoolcast/jobs.d.log"
	echo two >"$SPOOL/alerts.fifo"
	echo two >"$SPOOL/jobs.d/b"
	wait_for 20 journal_has alerts.fifo.log two
	wait_for 20 journal_has jobs.d.log 'data: two'
	# Nor from being rotated.
	"$SPOOLCAST" rotate alerts jobs
	[[ -s $SPOOL/.spoolcast/alerts.fifo.log.1 ]]
	[[ -s $SPOOL/.spoolcast/jobs.d.log.1 ]]
	echo three >"$SPOOL/alerts.fifo"
	wait_for 20 journal_has alerts.fifo.log three
}

@test "who may only read the spool can lock nothing of what is locked there" {
	readable
	mkfifo "$SPOOL/alerts.fifo"
	start_serve
	echo one >"$SPOOL/alerts.fifo"
	wait_for 20 journal_has alerts.fifo.log one
	echo x >"$SPOOL/news"
	"$SPOOLCAST" rotate news
	local file
	for file in journals rotation sources; do
		[[ -e $SPOOL/.spoolcast/$file ]]
		run as nobody flock -n "$SPOOL/.spoolcast/$file" true
		((status != 0))
	done
}

@test "publish and rotate say whom they wait for, and give up" {
	readable
	local pids=() pid
	echo one >"$SPOOL/news"
	hold nobody shared "$SPOOL/news"
	"$SPOOLCAST" publish news two 2>"$T/publish.err" 3>&- &
	pids+=($!)
	"$SPOOLCAST" publish --end news 2>"$T/end.err" 3>&- &
	pids+=($!)
	"$SPOOLCAST" rotate news 2>"$T/rotate.err" 3>&- &
	pids+=($!)
	wait_for 60 grep -q "^spoolcast publish: waiting for process $HOLDER \
(perl), which has news locked" "$T/publish.err"
	wait_for 60 grep -q "^spoolcast rotate: waiting for process $HOLDER" \
		"$T/rotate.err"
	for pid in "${pids[@]}"; do
		wait_for 300 gone "$pid"
		local rc=0
		wait "$pid" || rc=$?
		same 111 "$rc"
	done
	grep -q "nothing was published: $SPOOL/news has been locked for 30 s by \
process $HOLDER (perl): let that process unlock it, or end that process" "$T/publish.err"
	grep -q "the channel has not ended: $SPOOL/news has been locked" \
		"$T/end.err"
	grep -q "news has been locked for 30 s by process $HOLDER" \
		"$T/rotate.err"
	same one "$(cat "$SPOOL/news")"
	[[ ! -e $SPOOL/news.end && ! -e $SPOOL/news.1 ]]
}

@test "who unlocks in time is only waited for" {
	readable
	: >"$SPOOL/news"
	hold nobody shared "$SPOOL/news"
	"$SPOOLCAST" publish news two 2>"$T/publish.err" 3>&- &
	local pid=$!
	wait_for 60 grep -q 'waiting for process' "$T/publish.err"
	kill "$HOLDER"
	wait_for 60 gone "$pid"
	wait "$pid"
	same two "$(cat "$SPOOL/news")"
}

@test "the log says who keeps a channel from being rotated, and so does check" {
	readable
	ini 'max_size = 4K'
	echo x >"$SPOOL/news"
	start_serve
	start_lighttpd_socket
	sse_begin "$URL/news" "$T/s"
	hold nobody shared "$SPOOL/news"
	seq 2000 >>"$SPOOL/news"
	run "$SPOOLCAST" check
	grep -q "^note: news: is locked now by process $HOLDER (perl)" \
		<<<"$output"
	wait_for 60 grep -q "event=rotation-waits channel=news file=news \
pid=$HOLDER command=\"perl\"" "$T/serve.log"
	# Who listens misses nothing, and then it is rotated.
	wait_line "$T/s" 2000
	kill "$HOLDER"
	wait_for 60 test -e "$SPOOL/news.1"
}
