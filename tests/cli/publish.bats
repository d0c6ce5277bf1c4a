#!/usr/bin/env bats
# spoolcast publish, through the real binary: what stands in the file after.

# shellcheck disable=SC2016 # bash -c expands "$1"
# shellcheck disable=SC2154 # run sets $stderr

load ../helpers/publish

setup() { publish_setup; }
teardown() { publish_teardown; }

@test "arguments are joined by one blank; success is silent" {
	run publish news hello "big  world"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	file_is spool/news 'hello big  world\n'
}

@test "a message comes from standard input when there are no arguments" {
	echo hello | publish news
	printf 'no end' | publish news
	file_is spool/news 'hello\nno end\n'
	[ "$(ls spool)" = news ]
}

@test "options and operands come in any order, and -- ends options" {
	publish jobs -e tick one -i 7 two
	file_is spool/jobs.sse 'event: tick\nid: 7\ndata: one two\n\n'
	publish news -- -e --json --
	file_is spool/news '%s\n' '-e --json --'
}

@test "a value that looks like a common option is a value" {
	publish -e -c -i --json jobs x
	file_is spool/jobs.sse 'event: -c\nid: --json\ndata: x\n\n'
}

@test "line ends within a line form message become CR" {
	printf 'a\nb\r\nc\rd\n' | publish news
	file_is spool/news 'a\rb\rc\rd\n'
}

@test "block form has one data line for each line" {
	: >spool/news.sse
	printf 'a\n\nb\r\nc' | publish news
	publish news ""
	file_is spool/news.sse 'data: a\ndata:\ndata: b\ndata: c\n\ndata:\n\n'
}

@test "a line file wins over a block file of the same channel" {
	: >spool/news
	: >spool/news.sse
	publish news x
	file_is spool/news 'x\n'
	[ ! -s spool/news.sse ]
}

@test "between two steps of a rotation the form stays" {
	: >spool/jobs.sse.1
	publish jobs x
	file_is spool/jobs.sse 'data: x\n\n'
	: >spool/news.1
	refused 100 "line form" -e tick news x
	publish news x
	file_is spool/news 'x\n'
}

@test "-e, -f, -i and -r are refused in line form, with the remedy" {
	: >spool/news
	for option in -e -i -r; do
		refused 100 "block form (.sse)" "$option" 1 news x
	done
	refused 100 "block form (.sse)" -f now news x
	[ ! -s spool/news ]
	[ ! -e spool/news.sse ]
}

@test "-r without a message is a hint and no event" {
	publish -r 500 jobs </dev/null
	file_is spool/jobs.sse 'retry: 500\n\n'
	publish -r 500 jobs "" </dev/null
	file_is spool/jobs.sse 'retry: 500\n\nretry: 500\ndata:\n\n'
}

@test "-f says when it is written, and may be all there is" {
	publish -f hold jobs x
	publish -f close jobs </dev/null
	file_is spool/jobs.sse 'flush: hold\ndata: x\n\nflush: close\n\n'
}

@test "-r without a message does not read a terminal" {
	echo unread | timeout 30 script -qec "'$SPOOLCAST' publish -r 5 jobs" \
		/dev/null
	file_is spool/jobs.sse 'retry: 5\n\n'
}

@test "--ttl says until when it is delivered" {
	for ttl in 90s 1500ms; do
		rm -f spool/jobs.sse
		seconds=2
		[ "$ttl" != 90s ] || seconds=90
		from=$(date +%s)
		publish --ttl "$ttl" jobs x
		to=$(date +%s)
		expires=$(sed -n 's/^expires: //p' spool/jobs.sse)
		[ "$expires" -ge $((from + seconds)) ]
		[ "$expires" -le $((to + seconds)) ]
		file_is spool/jobs.sse 'expires: %s\ndata: x\n\n' "$expires"
	done
	publish --ttl=9223372036854775807ms jobs x
	: >spool/news
	refused 100 "block form (.sse)" --ttl 1h news x
	for ttl in 90 0 0s -1s "" 1w; do
		refused 100 "--ttl takes" --ttl "$ttl" jobs x
	done
	refused 100 "--ttl needs a value" jobs x --ttl
}

@test "values that cannot be written are refused" {
	refused 100 "-e takes" -e "" jobs x
	refused 100 "-e takes" -e $'a\nid: 1' jobs x
	refused 100 "-e takes" -e $'a\rid: 1' jobs x
	refused 100 "UTF-8" -e $'\xff' jobs x
	refused 100 'begin with "spoolcast."' -e spoolcast.gap jobs x
	refused 100 "give it another name than spoolcast.x" -e spoolcast.x jobs x
	refused 100 "-f takes now, hold or close" -f later jobs x
	refused 100 "-i takes" -i "" jobs x
	refused 100 "-i takes" -i $'1\n2' jobs x
	refused 100 "-r takes" -r 1s jobs x
	refused 100 "-r takes" -r -1 jobs x
	refused 100 "-r takes" -r 86400001 jobs x
	refused 100 "-r takes" -r "" jobs x
	[ -z "$(ls spool)" ]
}

@test "channel names follow their grammar" {
	long=$(printf 'n%.0s' {1..64})
	publish "$long" x
	file_is "spool/$long" 'x\n'
	rm "spool/$long"
	for name in "" . .. ../x a/b a.b .hidden _x -- "a b" "${long}n" ä; do
		refused 100 "" -- "$name" x
	done
	refused 100 "not a channel name" a/b x
	refused 100 "CHANNEL"
	[ -z "$(ls -A spool)" ]
}

@test "a blank line is refused in line form" {
	refused 100 "blank line" news ""
	echo | refused 100 "blank line" news
	[ -z "$(ls spool)" ]
}

@test "what has the name of a form and is none is refused" {
	mkdir spool/a spool/c.sse
	mkfifo spool/d
	: >spool/e.fifo
	refused 100 "spool/a is a folder" a x
	refused 100 "spool/c.sse is a folder" c x
	refused 100 "spool/d is a named pipe" d x
	refused 100 "spool/e.fifo is a file" e x
	# As readers do, publish passes over it when there is another form.
	: >spool/a.sse
	publish a x
	file_is spool/a.sse 'data: x\n\n'
}

@test "a channel that has ended gives exit 1" {
	publish news x
	: >spool/news.end
	refused 1 "spool/news.end" news y
	file_is spool/news 'x\n'
	rm spool/news.end
	publish news y
	file_is spool/news 'x\ny\n'
}

@test "a missing spool gives exit 111 and how to make it" {
	rmdir spool
	refused 111 "mkdir" news x
	[ ! -e spool ]
}

@test "a file that may not be written gives exit 111 and errno" {
	: >spool/news
	if [ "$(id -u)" -eq 0 ]; then
		chattr +i spool/news 2>/dev/null || skip "no chattr +i here"
		refused 111 "Operation not permitted" news x || failed=1
		chattr -i spool/news
		[ -z "${failed-}" ]
	else
		chmod 444 spool/news
		refused 111 "Permission denied" news x
	fi
}

@test "a record over max_record is refused, one of that size is not" {
	printf '[spool]\nmax_record = 1K\n[channel wide]\nmax_record = 2K\n' \
		>conf.ini
	head -c 1024 /dev/zero | tr '\0' x >just
	head -c 1025 /dev/zero | tr '\0' x >over
	publish -c conf.ini news <just
	[ "$(stat -c %s spool/news)" -eq 1025 ]
	run --separate-stderr publish -c conf.ini news <over
	[ "$status" -eq 100 ]
	[[ "$stderr" == *"1025 bytes"*"max_record"*"1024"* ]]
	[ "$(stat -c %s spool/news)" -eq 1025 ]
	publish -c conf.ini wide <over
	[ "$(stat -c %s spool/wide)" -eq 1026 ]
}

@test "standard input is not read without bound" {
	run --separate-stderr timeout 60 "$SPOOLCAST" publish news </dev/zero
	[ "$status" -eq 100 ]
	[[ "$stderr" == *"max_record"* ]]
	[ -z "$(ls spool)" ]
}

@test "any bytes arrive as they are" {
	for byte in {0..255}; do
		# shellcheck disable=SC2059 # the format is the byte
		printf "\\x$(printf %02x "$byte")"
	done | tr -d '\r\n' >bytes
	[ "$(stat -c %s bytes)" -eq 254 ]
	publish news <bytes
	(cat bytes && echo) | cmp - spool/news
	publish -e raw jobs <bytes
	(printf 'event: raw\ndata: ' && cat bytes && echo && echo) |
		cmp - spool/jobs.sse
}

@test "a torn last record does not swallow the next" {
	printf 'whole\ntor' >spool/news
	publish news x
	file_is spool/news 'whole\ntor\nx\n'
	printf 'data: whole\n\nid: 1\ndata: to' >spool/jobs.sse
	publish jobs x
	file_is spool/jobs.sse \
		'data: whole\n\nid: 1\ndata: to\n\ndata: x\n\n'
}

@test "a torn line is closed by who may write and not read, too" {
	[ "$(id -u)" -eq 0 ] || skip "needs another user"
	as_nobody="setpriv --reuid=65534 --clear-groups"
	# The test's own folder is closed to other users.
	open=$(mktemp -d)
	mkdir -m 777 "$open/spool"
	chmod 711 "$open"
	cp "$SPOOLCAST" "$open/spoolcast"
	printf tor >"$open/spool/news"
	chmod 222 "$open/spool/news"
	cd "$open"
	$as_nobody ./spoolcast version || skip "closed to other users: $open"
	SPOOLCAST_SPOOL=$open/spool $as_nobody ./spoolcast publish news x
	file_is spool/news 'tor\nx\n'
}

@test "a new file gets the permissions that umask leaves" {
	(umask 027 && publish news x)
	[ "$(stat -c %a spool/news)" = 640 ]
}

@test "--json tells what was written where" {
	run publish --json news hello
	[ "$status" -eq 0 ]
	[ "$(jq -c . <<<"$output")" = "{\"channel\":\"news\",\"file\":\"$PWD/spool/news\",\"bytes\":6}" ]
}

@test "--json to a full device is exit 111 after the event was written" {
	run --separate-stderr bash -c '"$1" publish --json news x >/dev/full' \
		- "$SPOOLCAST"
	[ "$status" -eq 111 ]
	[[ "$stderr" == *"No space left"* ]]
	file_is spool/news 'x\n'
}

@test "closed standard descriptors do not end up in the spool" {
	run bash -c '"$1" publish --json news x <&- >&- 2>&-' - "$SPOOLCAST"
	[ "$status" -eq 111 ]
	file_is spool/news 'x\n'
}

@test "ten publishers at once write every message whole" {
	pids=()
	for who in {0..9}; do
		for n in {1..100}; do
			printf '%s %s %0*d\nend' "$who" "$n" $((n * 7)) 0 |
				publish news || exit 1
		done 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	for who in {0..9}; do
		for n in {1..100}; do
			printf '%s %s %0*d\rend\n' "$who" "$n" $((n * 7)) 0
		done
	done >want
	# Whole, each once, and those of one publisher in their order.
	sort -s -k1,1n spool/news | cmp - want
}

@test "a lock that another process holds is waited for" {
	hold_lock eval 'echo first >&7'
	"$SPOOLCAST" publish news second 3>&- &
	pid=$!
	wait_blocked "$pid"
	[ ! -s spool/news ]
	echo >&9
	wait "$pid"
	file_is spool/news 'first\nsecond\n'
}

@test "a file that is rotated while waiting is not written to" {
	hold_lock mv spool/news spool/news.1
	"$SPOOLCAST" publish news fresh 3>&- &
	pid=$!
	wait_blocked "$pid"
	echo >&9
	wait "$pid"
	file_is spool/news 'fresh\n'
	[ ! -s spool/news.1 ]
}

@test "what exceeds the file size limit is taken back" {
	head -c 6000 /dev/zero | tr '\0' x >big
	printf '%4096s' tor >spool/news
	cp spool/news before
	# 8 KiB: the first 4096 bytes of the record fit.
	run --separate-stderr bash -c 'ulimit -f 8; "$1" publish news <big' \
		- "$SPOOLCAST"
	[ "$status" -eq 111 ]
	[[ "$stderr" == *"nothing was published"* ]]
	# Only the line end that closes the torn line stays.
	echo >>before
	cmp spool/news before
	publish news y
	echo y >>before
	cmp spool/news before
}

@test "what a full disk has no room for is taken back" {
	unshare -rm true 2>/dev/null || skip "no mount namespaces here"
	head -c 6000 /dev/zero | tr '\0' x >big
	cat >in_namespace <<-'END'
		mount -t tmpfs -o size=16k none spool || exit 77
		head -c 8191 /dev/zero | tr '\0' x >spool/news || exit 1
		echo >>spool/news || exit 1
		cp spool/news before
		head -c 4096 /dev/zero >spool/filler || exit 1
		"$1" publish news <big 2>message
		[ $? -eq 111 ] || exit 2
		cmp spool/news before || exit 3
		rm spool/filler
		"$1" publish news <big || exit 4
		cat before big >want
		echo >>want
		cmp spool/news want || exit 5
	END
	run unshare -rm sh in_namespace "$SPOOLCAST"
	echo "$output"
	[ "$status" -ne 77 ] || skip "no tmpfs can be mounted here"
	[ "$status" -eq 0 ]
	grep -q "nothing was published.*No space left" message
}
