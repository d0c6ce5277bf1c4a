#!/usr/bin/env bats
# spoolcast rotate, and publish where a channel is due, through the real
# program: what the segments are after, whoever was killed when.

# shellcheck disable=SC2154 # run sets $stderr

load ../helpers/common

setup()
{
	common_setup
	cd "$T" || return
}

teardown()
{
	stop_all
}

rotate() { "$SPOOLCAST" rotate "$@"; }

# segments [BASE]: what is in each of its files, the newest first.
segments()
{
	local base=$SPOOL/${1:-news} number
	printf '%s' "$(xargs <"$base" 2>/dev/null || echo -)"
	for number in {1..8}; do
		[[ -e $base.$number ]] || continue
		printf ' %s:%s' "$number" "$(xargs <"$base.$number")"
	done
	echo
}

# make_segments BASE WORD...: one for each, the last is the newest.
make_segments()
{
	local base=$SPOOL/$1 number
	shift
	number=$#
	for word; do
		number=$((number - 1))
		if ((number > 0)); then
			echo "$word" >"$base.$number"
		else
			echo "$word" >"$base"
		fi
	done
}

# refused STATUS TEXT ARG...: exit code, TEXT on stderr, nothing on stdout.
refused()
{
	local want=$1 text=$2
	shift 2
	run --separate-stderr "$SPOOLCAST" rotate "$@"
	echo "status $status: $stderr"
	same "$want" "$status"
	same '' "$output"
	[[ $stderr == *"$text"* ]]
}

@test "a channel is rotated by name, whatever its size, in silence" {
	make_segments news a b
	make_segments deploy.sse 'data: x'
	run rotate news deploy
	same 0 "$status"
	same '' "$output"
	same ' 1:b 2:a' "$(segments)"
	same ' 1:data: x' "$(segments deploy.sse)"
	[[ ! -e $SPOOL/.rotation.new ]]
}

@test "an empty or missing channel is a negative answer, and others go on" {
	make_segments news a
	: >"$SPOOL/empty"
	refused 1 'empty is empty' empty news
	same ' 1:a' "$(segments)"
	refused 1 'no channel nobody' nobody
	refused 100 'not a channel name' ../news
	refused 100 'not a channel name' news.1
	same ' 1:a' "$(segments)"
}

@test "--json tells of each channel" {
	make_segments news abc
	: >"$SPOOL/empty"
	echo x >"$T/elsewhere"
	ln -s "$T/elsewhere" "$SPOOL/link"
	run --separate-stderr rotate --json news empty nobody link
	same 111 "$status"
	same 'news rotated 4
empty empty null
nobody missing null
link failed null' "$(jq -r '"\(.channel) \(.result) \(.bytes)"' \
		<<<"$output")"
	jq -se '.[3].problem | test("is a link")' <<<"$output"
}

@test "without a name what is due is rotated, and only that" {
	ini 'max_size = 4K' 'keep = 1' '[channel big]' 'max_size = 8K' \
		'[channel free]' 'max_size = 0'
	head -c 4095 /dev/zero >"$SPOOL/under"
	head -c 4096 /dev/zero | tee "$SPOOL/at" "$SPOOL/big" "$SPOOL/free" \
		>"$SPOOL/both.sse"
	: >"$SPOOL/both"
	same 'at rotated 4096' "$(rotate --json |
		jq -r '"\(.channel) \(.result) \(.bytes)"')"
	same 4096 "$(stat -c %s "$SPOOL/at.1")"
	same 'at at.1 big both both.sse free under' \
		"$(cd "$SPOOL" && echo *)"
	run rotate
	same 0 "$status"
	same '' "$output"
}

@test "keep is the channel's, and a lower one takes effect" {
	ini 'keep = 3' '[channel news]' 'keep = 1'
	make_segments news a b c d
	make_segments other a b c d
	rotate news other
	same ' 1:d' "$(segments)"
	same ' 1:d 2:c 3:b' "$(segments other)"
}

@test "publish rotates what it has made large, and says nothing" {
	local i
	ini 'max_size = 4K' 'keep = 2'
	for i in 1 2 3 4; do
		run "$SPOOLCAST" publish news "$(printf "%04096d" "$i")"
		same 0 "$status"
		same '' "$output"
	done
	[[ ! -s $SPOOL/news && ! -e $SPOOL/news.3 ]]
	same 4 "$(tail -c 2 "$SPOOL/news.1")"
	same 3 "$(tail -c 2 "$SPOOL/news.2")"
	"$SPOOLCAST" publish news small
	same small "$(cat "$SPOOL/news")"
}

@test "publish rotates what has become old" {
	ini 'max_age = 2s'
	"$SPOOLCAST" publish news one
	old() { "$SPOOLCAST" rotate && [[ -e $SPOOL/news.1 ]]; }
	wait_for 20 old
	same one "$(cat "$SPOOL/news.1")"
	"$SPOOLCAST" publish news two
	# It is not due before its time.
	same two "$(cat "$SPOOL/news" "$SPOOL/news.1" | head -n 1)"
	older()
	{
		"$SPOOLCAST" publish news three && [[ -e $SPOOL/news.2 ]]
	}
	wait_for 20 older
	same two "$(head -n 1 "$SPOOL/news.1")"
}

@test "publish says so when nobody can rotate a file twice too large" {
	ini 'max_size = 4K'
	head -c 4090 /dev/zero >"$SPOOL/news"
	ln "$SPOOL/news" "$T/other"
	run --separate-stderr "$SPOOLCAST" publish news 'over the limit'
	same "0  " "$status $output $stderr"
	head -c 4090 /dev/zero >>"$SPOOL/news"
	run --separate-stderr "$SPOOLCAST" publish news 'and again'
	same 0 "$status"
	[[ $stderr == *'published, but'*'hard link'* ]]
	same 'and again' "$(tail -n 1 "$SPOOL/news")"
}

@test "publishers and rotations at the same time lose no record" {
	local writer
	ini 'keep = 1000' '[channel deploy]' 'max_size = 4K'
	publish_many() # CHANNEL WRITER
	{
		local i
		for i in {1..100}; do
			"$SPOOLCAST" publish "$1" "$2-$i-$(printf '%050d' 0)" ||
				return
		done
		: >"$T/done.$1.$2"
	}
	: >"$SPOOL/deploy.sse"
	for writer in 1 2; do
		publish_many news "$writer" &
		PIDS+=($!)
		publish_many deploy "$writer" &
		PIDS+=($!)
	done
	all_done() { (($(compgen -G "$T/done.*" | wc -l) == 4)); }
	rotations=0
	until all_done || ((rotations >= 900)); do
		# It may be empty; or a publisher that stands in line for it was
		# not given the processor for so long.
		"$SPOOLCAST" rotate news 2>"$T/said" || (($? == 1)) ||
			grep -q 'open for writing' "$T/said"
		rotations=$((rotations + 1))
	done
	wait_for 60 all_done
	in_order() # BASE WRITER
	{
		find "$SPOOL" -name "$1*" | sort -t . -k "$3,$3nr" |
			{
				grep -vx "$SPOOL/$1"
				echo "$SPOOL/$1"
			} | xargs cat | grep -oE "(^| )$2-[0-9]+" | tr -d ' '
	}
	for writer in 1 2; do
		same "$(printf "$writer-%d\n" {1..100})" \
			"$(in_order news "$writer" "$(($(tr -dc . <<<"$SPOOL" |
				wc -c) + 2))")"
		same "$(printf "$writer-%d\n" {1..100})" \
			"$(in_order deploy.sse "$writer" "$(($(tr -dc . \
				<<<"$SPOOL" | wc -c) + 3))")"
	done
	[[ -e $SPOOL/news.2 && -e $SPOOL/deploy.sse.2 ]]
}

@test "two who rotate at once rotate what is due once" {
	local i
	ini 'max_size = 4K' 'keep = 100'
	for i in {1..10}; do
		head -c 5000 /dev/zero >>"$SPOOL/news"
		rotate &
		rotate &
		rotate
		wait
	done
	same 10 "$(find "$SPOOL" -name 'news.*' | wc -l)"
	same 5000 "$(stat -c %s "$SPOOL"/news.* | sort -u)"
}

# killed_at CALL N: rotate news, killed before the Nth CALL of the system.  Fails
# if there were fewer.
killed_at()
{
	local status=0
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 strace -qq -o "$T/trace" \
		-e "trace=$1" -e "inject=$1:signal=KILL:when=$2" \
		"$SPOOLCAST" rotate news || status=$?
	if ((status != 137)); then
		same 0 "$status"
		return 1
	fi
}

# kill_at_every_step KEEP PUBLISH OUTCOME...: before each call that locks or
# changes something, a rotation of four segments is killed; then PUBLISH runs,
# and somebody completes what was begun.  What the segments are then must be one
# of the outcomes, and all of these must come about.
kill_at_every_step()
{
	local keep=$1 publish=$2 call step got seen='' steps=0
	shift 2
	ini "keep = $keep" 'max_size = 4K'
	for call in flock mkdirat unlinkat renameat renameat2 fchown fchmod \
		fremovexattr pwrite64; do
		for ((step = 1; ; step++)); do
			rm -rf "$SPOOL"
			mkdir "$SPOOL"
			make_segments news a b c d
			chmod 664 "$SPOOL/news"
			killed_at "$call" "$step" 2>/dev/null || break
			"$publish" news e
			rotate
			got=$(segments)
			printf '%s %s: "%s"\n' "$call" "$step" "$got"
			seen+="$got"$'\n'
			same 664 "$(stat -c %a "$SPOOL/news")"
			[[ ! -e $SPOOL/.rotation.new ]]
			# Nothing is in the way of the next one.
			echo f >>"$SPOOL/news"
			rotate news
			same '' "$(cat "$SPOOL/news")"
			steps=$((steps + 1))
		done
	done
	same "$(printf '%s\n' "$@" | sort)" "$(sort -u <<<"${seen%$'\n'}")"
	# Two locks, the folder, the new file and its rights, the note, ...
	((steps > 10))
}

publish() { "$SPOOLCAST" publish "$@"; }

@test "killed at every step of a rotation" {
	kill_at_every_step 5 : 'd 1:c 2:b 3:a' ' 1:d 2:c 3:b 4:a'
	# The oldest is removed; none of the others is, whatever happens.
	kill_at_every_step 3 : 'd 1:c 2:b 3:a' ' 1:d 2:c 3:b'
	kill_at_every_step 0 : 'd 1:c 2:b 3:a' ''
}

@test "a publisher that comes after the kill loses nothing and delays nothing" {
	# Before it begins, before the newest has another name, and after that.
	kill_at_every_step 5 publish 'd e 1:c 2:b 3:a' ' 1:d e 2:c 3:b 4:a' \
		'e 1:d 2:c 3:b 4:a'
}

@test "a segment that somebody still writes to is not renamed again" {
	make_segments news a b
	exec 5>>"$SPOOL/news"
	rotate news
	echo late >&5
	echo c >>"$SPOOL/news"
	run rotate news
	((status == 111))
	[[ $output == *'still has news.1 open for writing'* ]]
	same 'late' "$(tail -n 1 "$SPOOL/news.1")"
	exec 5>&-
	rotate news
	same 'late' "$(tail -n 1 "$SPOOL/news.2")"
}

# rotate_with FAULT: rotate news where the system answers so (strace(1)).
rotate_with()
{
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 strace -qq -o "$T/trace" \
		-e "trace=${1%%:*}" -e "inject=$1" "$SPOOLCAST" rotate news
}

@test "a step that the system refuses is taken later, by whoever comes" {
	make_segments news a b c
	run rotate_with renameat2:error=EIO:when=2
	same 111 "$status"
	[[ $output == *'cannot rename news.1 to news.2 (Input/output error)'* ]]
	same 'c 1:b 3:a' "$(segments)"
	# It is completed before anything else is done.
	make_segments other x
	rotate other
	same ' 1:c 2:b 3:a' "$(segments)"
	# Refused at once it leaves nothing behind.
	echo d >"$SPOOL/news"
	run rotate_with renameat2:error=EIO
	same 111 "$status"
	same 'd 1:c 2:b 3:a' "$(segments)"
	[[ ! -e $SPOOL/.rotation.new ]]
	same '' "$(tr -d ' \n' <"$SPOOL/.spoolcast/rotation")"
}

@test "it works where files cannot be renamed without replacing others" {
	make_segments news a b
	rotate_with renameat2:error=EINVAL
	grep -q EINVAL "$T/trace"
	same ' 1:b 2:a' "$(segments)"
	[[ ! -e $SPOOL/.rotation.new ]]
}

@test "disk full while rotating" {
	unshare -rm true 2>/dev/null || skip "no mount namespaces here"
	ini 'keep = 2'
	cat >in_namespace <<-'END'
		mount -t tmpfs -o size=64k none "$2" || exit 77
		cd "$2" || exit 1
		fill() { head -c 65536 /dev/zero >filler 2>/dev/null; true; }
		echo a >news || exit 1
		fill
		# The first rotation needs room to note what is being done.
		"$1" rotate news && exit 2
		[ "$(cat news)" = a ] && [ ! -e news.1 ] || exit 3
		rm filler
		"$1" rotate news || exit 4
		for text in b c; do
			echo $text >news || exit 1
			"$1" rotate news || exit 5
		done
		# Later ones need none: the oldest makes some.
		echo d >news || exit 1
		fill
		"$1" rotate news || exit 6
		[ "$(cat news.1 news.2 | xargs)" = 'd c' ] || exit 7
		[ ! -s news ] && [ ! -e news.3 ] || exit 8
		echo e >news || exit 9
	END
	run --separate-stderr unshare -rm sh in_namespace "$SPOOLCAST" "$SPOOL"
	echo "$output $stderr"
	((status != 77)) || skip "no tmpfs can be mounted here"
	same 0 "$status"
	[[ $stderr == *'No space left on device): make room'* ]]
}
