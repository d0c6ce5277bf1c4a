#!/usr/bin/env bats
# What one viewer or one file makes the program do, the others do not feel.

# shellcheck disable=SC2153 # get sets STATUS
load ../helpers/common

setup()
{
	common_setup
	: >"$SPOOL/news"
	: >"$SPOOL/quiet"
}

teardown() { stop_all; }

# is_heard TEXT: a viewer of another channel gets a line, and a new one opens.
is_heard()
{
	echo "$1" >>"$SPOOL/quiet"
	wait_line "$T/quiet" "$1"
	get "$URL/no.name"
	same 400 "$STATUS"
}

@test "a file of a hundred million blank lines" {
	start_lighttpd
	sse_begin "$URL/quiet" "$T/quiet"
	sse_begin "$URL/news" "$T/s"
	head -c 100000000 /dev/zero | tr '\0' '\n' >>"$SPOOL/news"
	echo end >>"$SPOOL/news"
	is_heard "while it is read"
	wait_for 100 has_line "$T/s" end
}

@test "a line that is a hole of twenty gigabytes" {
	start_lighttpd
	sse_begin "$URL/quiet" "$T/quiet"
	sse_begin "$URL/news" "$T/s"
	truncate -s 20G "$SPOOL/news"
	is_heard "while it is scanned"
}

@test "a gap into a file whose end cannot be found" {
	ini '[stream]' 'on_gap = newest'
	truncate -s 70M "$SPOOL/news"
	start_lighttpd
	sse_begin "$URL/quiet" "$T/quiet"
	sse_begin "$URL/news" "$T/s" -H 'Last-Event-ID: forged'
	is_heard "beside it"
	same '{"channel":"news","reason":"unknown","resumed":"oldest"}' \
		"$(texts "$T/s" spoolcast.gap | jq -r .)"
	# To begin there is refused for as long as that is so.
	get "$URL/news"
	turned_away
	grep -q 'event=cannot-start channel=news' "$T/spoolcast.log"
}

@test "a reader that takes a little now and then has its lifetime, too" {
	ini '[stream]' 'lifetime = 1s' 'stall = 3s' 'history_max = 100000'
	seq -f "line %.0f $(printf '%01000d' 0)" 60000 >"$SPOOL/news"
	start_serve
	mkfifo "$T/fifo"
	"${SPOOLCAST%/*}/helpers/fcgi_peer" "unix:$T/serve.sock" get \
		REQUEST_METHOD=GET 'REQUEST_URI=/news?history=all' \
		>"$T/fifo" 2>"$T/peer.err" 3>&- &
	local peer=$!
	PIDS+=("$peer")
	exec 7<"$T/fifo"
	# Slow enough to be blocked all the time, too fast to be stalled.
	trickle() {
		head -c 65536 <&7 >>"$T/got"
		gone "$peer"
	}
	wait_for 60 trickle
	cat <&7 >>"$T/got"
	exec 7<&-
	# It was ended, with a hint, and not for having got everything.
	same 2 "$(grep -ac '^retry: ' "$T/got")"
	(($(grep -ac '^data: line' "$T/got") < 60000))
}

@test "a peer that asks and never reads, while the configuration is wrong" {
	ini '[nonsense]'
	start_lighttpd
	get "$URL/news"
	turned_away
	# Requests on a connection that is kept, each when the last one was
	# answered, by what can be read (FIONREAD), until there is no more room.
	# shellcheck disable=SC2016 # it is Perl
	perl -MIO::Socket::UNIX -e '
		my $s = IO::Socket::UNIX->new(Peer => shift) or die;
		my $p = "\x0e\x03REQUEST_METHODGET\x0b\x05REQUEST_URI/news";
		my $r = pack("C2n2C2 nCx5", 1, 1, 1, 8, 0, 0, 1, 1) .
			pack("C2n2C2", 1, 4, 1, length $p, 0, 0) . $p .
			pack("C2n2C2", 1, 4, 1, 0, 0, 0);
		$s->blocking(0);
		$SIG{PIPE} = "IGNORE";
		my ($n, $was, $now) = (0, 0, 0);
		while ($n < 100000) {
			my $w = syswrite($s, $r);
			last if !defined $w || $w < length $r;
			for (my $tries = 0; $now <= $was; $tries++) {
				last if $tries == 3000;
				ioctl($s, 0x541b, my $b = pack("i", 0)) or die;
				$now = unpack("i", $b);
				select(undef, undef, undef, 0.001);
			}
			last if $now <= $was;
			$was = $now;
			$n++;
		}
		print "$n\n";' "$T/sc.sock-0" >"$T/asked"
	(($(cat "$T/asked") > 10))
	get "$URL/news"
	turned_away
	# It is still the process that was there.
	same 1 "$(grep -o '^spoolcast.[0-9]*.:' "$T/spoolcast.log" | sort -u |
		wc -l)"
}

@test "a request that finds the folder anew tells those who waited" {
	start_lighttpd
	sse_begin "$URL/news" "$T/s"
	mv "$SPOOL" "$T/old"
	get "$URL/news"
	turned_away
	mkdir "$T/new"
	echo fresh >"$T/new/news"
	mv "$T/new" "$SPOOL"
	get "$URL/news" -I
	same 200 "$STATUS"
	wait_line "$T/s" fresh
	echo after >>"$SPOOL/news"
	wait_line "$T/s" after
}
