#!/usr/bin/env bats
# spoolcast check: what is wrong in the spool, name by name, within bounds.

# shellcheck disable=SC2016 # sh -c expands "$@"
# shellcheck disable=SC2154 # run sets $output
# shellcheck disable=SC2030,SC2031 # each test has a shell of its own

load ../helpers/check

setup() { check_setup; }
teardown() { check_teardown; }

# quiet_about TEXT: that is not in the output.
quiet_about() {
	if grep -F -- "$1" <<<"$output"; then
		return 1
	fi
}

@test "every form of channel is served, and what belongs to one is no news" {
	touch spool/news spool/news.1 spool/news.2 spool/deploy.sse \
		spool/deploy.sse.1
	mkdir -p spool/jobs.d/.done spool/.spoolcast
	mkfifo spool/alerts.fifo
	touch spool/.spoolcast/{jobs.d.log,jobs.d.log.1,alerts.fifo.log}
	touch spool/.spoolcast/sources
	check 0 -c my.ini
	says "channels served: 4"
	quiet_about spool/.spoolcast
	quiet_about news
	quiet_about jobs
	quiet_about alerts
}

@test "names that are no channels are ignored, and it says why" {
	touch spool/a.txt "spool/b c" spool/-d spool/news.0 spool/f.fifo \
		spool/g.d spool/h.tar.gz spool/old.d.1 spool/old.99999999999
	touch "spool/$(printf 'x%.0s' {1..65})"
	mkdir spool/e
	mkfifo spool/i
	check 0 -c my.ini
	hints "note: a.txt: ignored, because the name of a channel's file has no ending or .sse, that of a drop folder has .d, and that of a pipe has .fifo"
	hints "note: b c: ignored, because a channel name has up to 64 letters"
	hints "note: -d: ignored, because a channel name "
	hints "note: xxxxxxxx"
	hints "note: news.0: ignored"
	hints "note: old.d.1: ignored"
	hints "note: old.99999999999: ignored"
	says "note: f.fifo: ignored, because it is a file and not a named pipe"
	says "note: g.d: ignored, because it is a file and not a folder"
	says "note: e: ignored, because it is a folder and not a regular file; the name of a drop folder ends in .d"
	says "note: i: ignored, because it is a named pipe and not a regular file; the name of a pipe ends in .fifo"
	hints "note: h.tar.gz: ignored, because compressed files cannot be read; "
	says "channels served: 0"
}

@test "blanks, line ends and control bytes in names are shown escaped" {
	mkdir spool/jobs.d
	touch "spool/two words" "spool/"$'line\nend' "spool/"$'bell\a'
	ln -s nowhere "spool/jobs.d/"$'sub\nlink \e[31m'
	check 1 -c my.ini
	hints 'note: two words: ignored'
	hints 'note: line\x0aend: ignored'
	hints 'note: bell\x07: ignored'
	hints 'problem: jobs.d/sub\x0alink \x1b[31m: is never taken, because it is a link'
}

@test "characters that nobody sees, or that turn the rest around, are shown by their numbers" {
	mkdir spool/jobs.d
	touch spool/$'x\u202egpj.exe' spool/$'new\u200bs' spool/$'news\u00a0' \
		spool/$'a\u2028b' spool/$'tag\U000e0041' spool/$'bad\xff'
	ln -s nowhere spool/jobs.d/$'y\u2066z'
	check 1 -c my.ini
	hints 'note: x<U+202E>gpj.exe: ignored'
	hints 'note: new<U+200B>s: ignored'
	hints 'note: news<U+00A0>: ignored'
	hints 'note: a<U+2028>b: ignored'
	hints 'note: tag<U+E0041>: ignored'
	hints 'note: bad\xff: ignored'
	hints 'problem: jobs.d/y<U+2066>z: is never taken, because it is a link'
	json=$(as_mortal "$SPOOLCAST" check --json -c my.ini) || true
	grep -F '"x\u202egpj.exe: ignored' <<<"$json"
	grep -F '"tag\udb40\udc41: ignored' <<<"$json"
	grep -F $'"bad\ufffd: ignored' <<<"$json"
}

@test "of several forms that claim one name the first wins, and it says so" {
	touch spool/news spool/news.sse
	mkdir spool/news.d spool/jobs.d spool/a
	mkfifo spool/news.fifo spool/jobs.fifo spool/a.fifo
	check 1 -c my.ini
	for other in news.sse news.d news.fifo; do
		says "problem: $other: not served, because news claims the same channel and wins; rename or remove one of them"
	done
	hints "problem: jobs.fifo: not served, because jobs.d claims "
	# What is no form claims nothing.
	quiet_about "a.fifo"
	says "channels served: 3"
}

@test "a link that leads nowhere is a problem, one to a file is none" {
	touch elsewhere
	ln -s ../elsewhere spool/news
	ln -s ../nowhere spool/gone
	mkfifo pipe
	ln -s ../pipe spool/alerts.fifo
	check 1 -c my.ini
	says "problem: gone: No such file or directory; it is a link that leads nowhere"
	says "problem: alerts.fifo: is a link; make the pipe itself in the spool"
	says "channels served: 1"
}

# --- segments ------------------------------------------------------------

@test "gaps in the numbers of older segments, and a newest that is missing" {
	touch spool/news spool/news.1 spool/news.4 spool/news.10 \
		spool/news.19 spool/news.29 spool/news.10000 spool/old.1 \
		spool/jobs.sse.2
	check 0 -c my.ini
	hints "note: news.4: there is no news.3; a viewer that has read no further"
	hints "note: news.10: there is no news.9; a viewer that has read no further"
	says "note: news.19: there is no news.18; a viewer that has read no further than here is told of a gap"
	says "note: news.29: there is no news.28; so many numbers are missing that this segment is not read"
	says "note: news.10000: is not read, because its number is over 9999"
	hints "note: old.1: there is no old; touch it if the channel is to go on, "
	hints "note: jobs.sse.2: there is no jobs.sse.1; "
	quiet_about "news.1: "
}

@test "a segment that is written to where nobody reads is a problem" {
	touch spool/news spool/news.1 spool/news.2
	check 0 -c my.ini
	exec 5>>spool/news.1 6>>spool/news.2
	check 1 -c my.ini
	exec 5>&- 6>&-
	says "problem: news.2: a program has it open for writing, and what the program writes there reaches nobody; let the program open news anew after a rotation"
	quiet_about "news.1: "
}

@test "segments beyond keep are a note where we rotate" {
	touch spool/news spool/news.{1..4}
	printf '[spool]\nkeep = 2\n' >my.ini
	check 0 -c my.ini
	quiet_about beyond
	printf '[spool]\nkeep = 2\nmax_size = 1M\n[channel n*]\nkeep = 3\n' \
		>my.ini
	check 0 -c my.ini
	says "note: news.4: is beyond keep = 3, and the next rotation removes it"
	[ "$(grep -c beyond <<<"$output")" -eq 1 ]
}

@test "what is to be rotated and cannot be is a problem" {
	echo x | tee spool/news spool/other >elsewhere
	ln spool/other .
	ln -s ../elsewhere spool/link
	chmod 555 spool
	check 0 -c my.ini
	printf '[spool]\nmax_age = 1d\n[channel free*]\nmax_age = 0\n' >my.ini
	check 1 -c my.ini
	says "problem: news: is never rotated, because user $(id -u) cannot write to the folder: Permission denied; chmod a+w the folder, or let cron run spoolcast rotate as a user who can"
	says "problem: other: is never rotated, because it also has another name (a hard link); remove one of the two"
	says "problem: link: is never rotated, because it is a link; rotate what it leads to, or set no max_size and max_age for it"
	chmod 755 spool
	rm spool/other spool/link
	ln -s ../elsewhere spool/free
	check 0 -c my.ini
	quiet_about rotated
}

@test "what has the name of an older segment and is none is a problem" {
	touch spool/news
	mkdir spool/news.1
	ln -s news spool/news.2
	check 1 -c my.ini
	hints "problem: news.1: is a folder and not an older segment, and rotation cannot get past it; "
	hints "problem: news.2: is a link and not an older segment"
}

@test "what logrotate makes of segments that are not read is pointed out" {
	touch spool/news spool/news-20261122 spool/news.1.gz spool/a-20261122
	check 0 -c my.ini
	hints "note: news-20261122: is a channel of its own, and not an older segment of news; if logrotate made it, set nodateext"
	hints "note: news.1.gz: ignored, because compressed files cannot be read; if it was a segment, set nocompress in logrotate"
	quiet_about a-20261122
}

@test "a channel that has ended is a note" {
	touch spool/news spool/news.end
	check 0 -c my.ini
	says "note: news.end: the channel news has ended; removing the file reopens it"
	ln -sf nowhere spool/news.end
	check 0 -c my.ini
	says "note: news.end: the channel news has ended; removing the file reopens it"
}

@test "lines that may have been mixed are a note" {
	head -c 4095 /dev/zero | tr '\0' x >spool/short
	cp spool/short spool/long
	echo >>spool/short
	echo x >>spool/long
	# Where each byte may be a line, the length of one says nothing.
	{ echo -n 'data: '; cat spool/long; echo; } >spool/block.sse
	{ cat spool/long; head -c 70000 /dev/zero | tr '\0' '\n'; } >spool/past
	mkdir spool/.spoolcast
	mkfifo spool/alerts.fifo
	cp spool/long spool/.spoolcast/alerts.fifo.log
	check 0 -c my.ini
	hints "note: long: has a line of 4096 bytes; where several programs write lines of 4096 bytes and more without a lock, these can get mixed, so let the programs use spoolcast publish or flock(1)"
	hints "note: .spoolcast/alerts.fifo.log: has a line of 4096 bytes"
	for quiet in short block past; do
		quiet_about "$quiet: "
		quiet_about "$quiet.sse: "
	done
}

# --- pipes and drop folders ----------------------------------------------

@test "pipes and drop folders that this user cannot use are problems" {
	mkdir spool/jobs.d spool/ro.d
	mkfifo spool/alerts.fifo spool/out.fifo
	chmod 555 spool/ro.d
	chmod 0 spool/jobs.d
	chmod 200 spool/alerts.fifo
	chmod 400 spool/out.fifo
	check 1 -c my.ini
	for name in alerts.fifo out.fifo jobs.d ro.d; do
		hints "problem: $name: cannot be read and written by user $(id -u): Permission denied; chmod a+rw"
	done
	says "channels served: 0"
}

@test "where no journal can be written, sources are not read: a problem" {
	touch spool/news
	mkdir spool/jobs.d
	mkfifo spool/alerts.fifo
	chmod 555 spool
	check 1 -c my.ini
	says "problem: $T/spool: cannot be written by user $(id -u): Permission denied; the pipes and drop folders here, 2 of them, are not read"
	chmod 755 spool
	mkdir -m 555 spool/.spoolcast
	check 1 -c my.ini
	hints "problem: $T/spool/.spoolcast: cannot be written by user"
	# Without sources it does not matter.
	rm -r spool/jobs.d spool/alerts.fifo
	check 0 -c my.ini
	rmdir spool/.spoolcast
	ln -s /nowhere spool/.spoolcast
	check 1 -c my.ini
	hints "problem: $T/spool/.spoolcast: Not a directory; it has to be a folder: remove it"
}

@test "what a drop folder holds that is never taken is a problem" {
	mkdir -p spool/jobs.d/folder spool/jobs.d/.done
	mkfifo spool/jobs.d/pipe
	touch spool/jobs.d/one spool/jobs.d/closed spool/jobs.d/now.tmp
	touch -d '2 hours ago' spool/jobs.d/{.hidden,old~,old.tmp}
	chmod 0 spool/jobs.d/closed
	ln -s one spool/jobs.d/link
	check 1 -c my.ini
	for what in folder link; do
		says "problem: jobs.d/$what: is never taken, because it is a $what and not a file; remove it"
	done
	says "problem: jobs.d/pipe: is never taken, because it is a named pipe and not a file; remove it"
	says "problem: jobs.d/closed: is never taken, because user $(id -u) cannot read it: Permission denied; chmod a+r it"
	says "note: jobs.d: files that wait to be taken: 1"
	says "note: jobs.d: files that are left alone, because their names start with a dot or end in ~ or .tmp, and that nobody has written to for an hour: 3; rename or remove them"
}

@test "a drop folder that is a link, or has no place for ours, is a problem" {
	mkdir -p elsewhere spool/{a,b,c,d}.d spool/{a,b}.d/.done
	ln -s ../elsewhere spool/jobs.d
	touch spool/c.d/.taking spool/d.d/.done
	chmod 555 spool/b.d/.done
	check 1 -c my.ini
	says "problem: jobs.d: is a link; make the folder itself in the spool"
	says "problem: c.d/.taking: is a file, and spoolcast takes nothing where it cannot make a folder of that name; remove it"
	quiet_about .done
	printf '[spool]\nkeep_files = yes\n' >my.ini
	check 1 -c my.ini
	says "problem: d.d/.done: is a file, and spoolcast takes nothing where it cannot make a folder of that name; remove it"
	says "problem: b.d/.done: cannot be written by user $(id -u): Permission denied; nothing is taken; chown it, or remove it if it is empty"
	quiet_about a.d
}

@test "a drop folder with the sticky bit is a problem for who does not own it" {
	[ "$(id -u)" -eq 0 ] || skip "needs another user"
	open=$(mktemp -d)
	chmod 755 "$open"
	mkdir -m 777 "$open/spool"
	mkdir -m 1777 "$open/spool/jobs.d"
	cp "$SPOOLCAST" "$open/spoolcast"
	run env SPOOLCAST_SPOOL="$open/spool" setpriv --reuid=65534 \
		--clear-groups "$open/spoolcast" check
	rm -r "$open"
	[ "$status" -eq 1 ]
	says "problem: jobs.d: user 65534 cannot remove the files of others from it, so they are not taken; chmod -t the folder, or chown it"
}

@test "that nobody takes from sources is a note, until somebody does" {
	mkfifo spool/alerts.fifo
	check 0 -c my.ini
	hints "note: no responder takes from the pipes and drop folders now: "
	mkdir spool/.spoolcast
	exec 7>spool/.spoolcast/sources
	check 0 -c my.ini
	hints "note: no responder takes from the pipes"
	flock 7
	check 0 -c my.ini
	quiet_about "no responder takes"
}

@test "journals that have no source or cannot be used are told" {
	mkdir -p spool/.spoolcast/jobs.d.log spool/jobs.d
	mkfifo spool/alerts.fifo
	touch spool/.spoolcast/{alerts,lost}.fifo.log \
		spool/.spoolcast/lost.fifo.log.2 spool/.spoolcast/other.log
	chmod 400 spool/.spoolcast/alerts.fifo.log
	check 1 -c my.ini
	hints "note: .spoolcast/lost.fifo.log: there is no lost.fifo, so nothing comes to this journal and patterns do not find its channel; "
	hints "note: .spoolcast/lost.fifo.log.2: there is no lost.fifo.log.1; "
	hints "problem: .spoolcast/jobs.d.log: is a folder and not a journal; remove it"
	hints "problem: .spoolcast/alerts.fifo.log: cannot be read and written by user $(id -u)"
	quiet_about other.log
}

# --- bounds --------------------------------------------------------------

@test "a spool full of names does not flood" {
	for i in {1..10000}; do : >"spool/$i.txt"; done
	touch spool/z.z spool/zz
	mkdir spool/zzz
	check 0 -c my.ini
	[ "$(grep -c '\.txt: ignored' <<<"$output")" -eq 10 ]
	says "note: 9991 more names are ignored for how they end"
	# What is of another kind is told all the same.
	hints "note: zzz: ignored, because it is a folder"
	says "channels served: 1"
}

@test "ten thousand channels with long lines are checked, and not all read" {
	head -c 5000 /dev/zero | tr '\0' x >long
	echo >>long
	(cd spool && seq -f c%g 10000 | xargs -n 500 sh -c \
		'tee "$@" <../long >/dev/null' -)
	check 0 -c my.ini
	says "channels served: 10000"
	[ "$(grep -c 'has a line of' <<<"$output")" -eq 10 ]
	hints "note: 246 more channels have long lines"
}

@test "more pipes than a process holds are a problem" {
	(cd spool && seq -f p%g.fifo 1000 | xargs mkfifo)
	check 0 -c my.ini
	mkfifo spool/one.fifo spool/two.fifo
	check 1 -c my.ini
	[ "$(grep -c '^problem: ' <<<"$output")" -eq 1 ]
	hints "problem: a process reads no more than 1000 pipes and drop folders: "
}

@test "a drop folder with very many files is looked at so far" {
	mkdir spool/jobs.d spool/links.d
	(cd spool/jobs.d && seq 100100 | xargs -n 5000 touch)
	check 0 -c my.ini
	says "note: jobs.d: files that wait to be taken: at least 100000"
	for i in {1..30}; do ln -s x "spool/links.d/$i"; done
	check 1 -c my.ini
	[ "$(grep -c 'is never taken' <<<"$output")" -eq 10 ]
	says "problem: 20 more are in drop folders and are never taken"
}
