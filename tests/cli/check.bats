#!/usr/bin/env bats
# spoolcast check: the configuration that holds, and every problem; and that
# the sample file and the man page are about the settings that there are.

# shellcheck disable=SC2154 # run sets $stderr
# shellcheck disable=SC2030,SC2031 # each test has a shell of its own

load ../helpers/check

setup() { check_setup; }
teardown() { check_teardown; }

@test "a spool without problems: exit 0, and what is used" {
	touch spool/news spool/deploy.sse spool/news.1 spool/deploy.sse.12 \
		spool/news.end spool/.hidden
	mkdir spool/.spoolcast
	check 0 -c my.ini
	says "configuration: my.ini (named by -c)"
	says "spool.path = $T/spool"
	says "stream.heartbeat = 15s"
	says "channels served: 2"
	says "no problem found"
	run ! grep ignored <<<"$output"
}

@test "every setting that is in effect, and every channel section" {
	cat >my.ini <<-'EOF'
		[stream]
		lifetime = 90s
		[channel build-*]
		history = 100
		[channel news]
	EOF
	check 0 -c my.ini
	says "stream.lifetime = 90s"
	says "channel build-*.history = 100"
	run -0 "$SPOOLCAST" check --json -c my.ini
	[ "$(jq -r .settings.stream.lifetime_ms <<<"$output")" = 90000 ]
	[ "$(jq -r .settings.spool.path <<<"$output")" = "$T/spool" ]
	[ "$(jq -c .channels <<<"$output")" = \
		'[{"channel":"build-*","settings":{"history":100}},{"channel":"news","settings":{}}]' ]
	[ "$(jq -r .file <<<"$output")" = my.ini ]
}

@test "no file: says that none was used and why that is fine" {
	[ ! -e /etc/spoolcast ] || skip "this machine has a configuration"
	SPOOLCAST_SPOOL=$T/spool check 0
	# shellcheck disable=SC2016 # as it is printed
	says 'configuration: none is needed: $SPOOLCAST_SPOOL names the spool'
	cp "$SPOOLCAST" "$T/spoolcast"
	SPOOLCAST=$T/spoolcast
	check 0
	hints 'configuration: none is needed: a folder "spool" is beside'
	says "spool.path = $T/spool"
}

@test "no file and no spool: exit 100 and the remedies" {
	[ ! -e /etc/spoolcast ] || skip "this machine has a configuration"
	cp "$SPOOLCAST" "$T/home/spoolcast"
	SPOOLCAST=$T/home/spoolcast
	check 100
	hints "problem: no configuration and no spool found; do one of these: mkdir $T/home/spool "
}

@test "the file beside the program is found through any name of it" {
	mkdir bin www
	cp "$SPOOLCAST" bin/spoolcast
	ln -s ../bin/spoolcast www/spoolcast
	cp my.ini bin/spoolcast.ini
	mkdir bin/spool www/spool
	SPOOLCAST=$T/www/spoolcast
	check 0
	says "configuration: $T/bin/spoolcast.ini (beside the program)"
	cp my.ini www/spoolcast.ini
	check 0
	says "configuration: $T/www/spoolcast.ini (beside the program)"
	says "spool.path = $T/www/spool"
}

@test "mistakes in the file: all of them, exit 100" {
	printf '[spool]\npaht = x\n[stream]\nheartbeat = 15\n' >my.ini
	check 100 -c my.ini
	says "problem: my.ini:2: [spool] paht: unknown key; did you mean path in [spool]?"
	hints "problem: my.ini:4: [stream] heartbeat: '15' has no unit; write "
}

@test "a key that this version cannot do is never ignored" {
	printf '[access]\nkey_file = keys\n' >my.ini
	check 100 -c my.ini
	says "problem: my.ini:2: [access] key_file: this version cannot do that yet; leave the key out"
}

@test "a file that is missing is wrong usage, one that is closed a refusal" {
	check 100 -c no.ini
	says "problem: no.ini: No such file or directory; name a file that is there"
	chmod 0 my.ini
	check 111 -c my.ini
	says "problem: my.ini: Permission denied; let user $(id -u) read it and enter the folders above"
}

@test "a spool that is missing, no folder or closed is a problem" {
	rmdir spool
	check 1 -c my.ini
	hints "problem: $T/spool: there is no such folder; mkdir -p it"
	touch spool
	check 1 -c my.ini
	hints "problem: $T/spool: is not a folder"
	rm spool
	mkdir -m 0 spool
	check 1 -c my.ini
	hints "problem: $T/spool: cannot be read by user $(id -u): Permission denied; chmod"
	chmod 400 spool
	check 1 -c my.ini
	hints "problem: $T/spool: cannot be read by user $(id -u): Permission denied; chmod"
}

@test "a spool that cannot be written is a note" {
	chmod 555 spool
	check 0 -c my.ini
	says "note: $T/spool: cannot be written by user $(id -u); append files still work, but [limits] streams across processes (CGI, mod_fcgid) does not, and viewers are served by short polls"
}

@test "channel files that cannot be read are problems" {
	touch spool/news spool/deploy.sse spool/old.2
	chmod 0 spool/*
	check 1 -c my.ini
	hints "problem: news: cannot be read by user $(id -u): Permission denied; chmod"
	hints "problem: deploy.sse: cannot be read by user"
	hints "problem: old.2: cannot be read by user"
}

@test "hostile names reach neither the terminal nor break the JSON" {
	touch "spool/"$'\e[31m\n"\\' "spool/"$'\xff\xfe' "spool/"$'\xc2\x9b1m'
	check 0 -c my.ini
	hints 'note: \x1b[31m\x0a"\x5c: ignored'
	hints 'note: \xff\xfe: ignored'
	hints 'note: <U+009B>1m: ignored'
	run -0 "$SPOOLCAST" check --json -c my.ini
	[ "$(wc -l <<<"$output")" -eq 1 ]
	iconv -f UTF-8 -t UTF-8 <<<"$output" >/dev/null
	[ "$(jq '[.notes[] | select(startswith("\u001b[31m\n\"\\"))] | length' \
		<<<"$output")" -eq 1 ]
	[ -z "$(LC_ALL=C tr -dc '\001-\010\013-\037\177' <<<"$output")" ]
}

@test "a low limit of descriptors is a note" {
	printf '[limits]\nstreams = 300\n' >my.ini
	ulimit -n 300
	check 0 -c my.ini
	hints "note: a process may have 300 descriptors here"
	hints "note: [limits] streams is 300, but a process may have 300 descriptors"
}

@test "arguments are wrong usage" {
	run -100 --separate-stderr "$SPOOLCAST" check my.ini
	[ -z "$output" ]
	run -100 --separate-stderr "$SPOOLCAST" check --nonsense
	[ -z "$output" ]
}

@test "the sample file is what the program prints" {
	"$SPOOLCAST" help settings | diff - "$ROOT/conf/spoolcast.ini"
}

@test "the man page has every setting, its default and its limits" {
	man=$ROOT/src/spoolcast.ini.5
	flat=$(tr '\n' ' ' <"$man")
	keys=$(sed -n '/^;\[/q; s/^;\([a-z_]*\) =.*/\1/p' \
		"$ROOT/conf/spoolcast.ini")
	[ "$(wc -w <<<"$keys")" -ge 37 ]
	for key in $keys; do
		initial=$(sed -n "s/^;$key = *//p" "$ROOT/conf/spoolcast.ini" |
			head -n 1)
		echo "$key, by default '$initial'"
		line=$(grep "^\.It Ic $key Pq [a-z]*, default " "$man")
		[[ $line == *", default ${initial:+Li }${initial:-none}" ]]
	done
	# The limits of a key follow it before the next key does.
	sed 's/^; //' "$ROOT/conf/spoolcast.ini" | tr '\n' ' ' |
		grep -o 'Allowed: [^.]*\. [^;]*;[a-z_]* =' >allowed
	[ "$(wc -l <allowed)" -ge 15 ]
	while read -r line; do
		key=${line##*;}
		key=${key% =}
		limits=${line%%.*}
		entry=${flat#*".It Ic $key Pq"}
		entry=${entry%%".It Ic"*}
		echo "$key: $limits"
		[[ $entry == *"$limits."* ]]
	done <allowed
	[ "$(grep -c '^\.It Ic ' "$man")" -eq "$(wc -w <<<"$keys")" ]
}

@test "the man page has no mistakes" {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	mandoc -Tlint -Wwarning "$ROOT/src/spoolcast.ini.5"
}
