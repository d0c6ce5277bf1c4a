#!/usr/bin/env bats
# A spool that others may write to, too, and root, or another user, who runs
# publish or rotate there: nobody gains by that what is not theirs.

# shellcheck disable=SC2154 # run sets $stderr

load ../helpers/common
load ../helpers/strangers

setup()
{
	common_setup
	strangers_setup
	publish=("$SPOOLCAST" publish)
}

teardown()
{
	stop_all
}

# --- links ---------------------------------------------------------------

@test "publish makes no file through a link" {
	as nobody ln -s "$T/created" "$SPOOL/other"
	refused "$SPOOL/other is a link of user $(id -u nobody)" \
		"${publish[@]}" other hello
	[[ ! -e $T/created ]]
	# Nor through one's own.
	ln -s "$T/made" "$SPOOL/mine"
	refused "$SPOOL/mine is a link of user 0 that leads nowhere" \
		"${publish[@]}" mine hello
	[[ $stderr == *"make the file that it leads to, or remove it"* ]]
	[[ ! -e $T/made ]]
}

@test "publish makes no file where a link comes by the name of another form" {
	as nobody ln -s "$T/created" "$SPOOL/jobs.sse"
	refused "$SPOOL/jobs.sse is a link of user $(id -u nobody)" \
		"${publish[@]}" -e tick jobs hello
	[[ ! -e $T/created ]]
	# What is there is used, whatever stands beside it.
	as nobody ln -s "$T/created" "$SPOOL/news"
	: >"$SPOOL/news.sse"
	"${publish[@]}" news hello
	same 'data: hello' "$(head -n 1 "$SPOOL/news.sse")"
	[[ ! -e $T/created ]]
}

@test "publish appends to no file through the link of a stranger" {
	echo mine >"$T/log"
	as nobody ln -s "$T/log" "$SPOOL/leak"
	refused "$SPOOL/leak is a link of user $(id -u nobody)" \
		"${publish[@]}" leak hello
	[[ $stderr == *"remove it, or let one of these users make it"* ]]
	same mine "$(cat "$T/log")"
}

@test "publish follows a link of root, and one of who owns what it leads to" {
	: >"$T/log"
	ln -s "$T/log" "$SPOOL/news"
	"${publish[@]}" news one
	same one "$(cat "$T/log")"
	chown -h nobody "$SPOOL/news"
	chown nobody "$T/log"
	"${publish[@]}" news two
	same 'one two' "$(xargs <"$T/log")"
	# And of us.
	chown root "$T/log"
	chmod 666 "$T/log"
	as nobody "${publish[@]}" news three
	same 'one two three' "$(xargs <"$T/log")"
}

@test "a link in the middle of what another leads to is judged, too" {
	mkdir -m 777 "$T/open"
	mkdir "$T/mine"
	echo mine >"$T/mine/log"
	as nobody ln -s "$T/mine" "$T/open/current"
	ln -s "$T/open/current/log" "$SPOOL/news"
	refused "$SPOOL/news leads through the link \"current\" of user \
$(id -u nobody)" "${publish[@]}" news hello
	same mine "$(cat "$T/mine/log")"
	ln -sfn "$T/mine" "$T/open/current"
	"${publish[@]}" news hello
	same 'mine hello' "$(xargs <"$T/mine/log")"
}

@test "links that lead in a circle are refused, and not followed for ever" {
	ln -s b "$SPOOL/a"
	ln -s a "$SPOOL/b"
	refused 'too many links' "${publish[@]}" a hello
	ln -s x/ "$SPOOL/x"
	refused 'too many links' "${publish[@]}" x hello
}

@test "publish puts nothing into a drop folder or pipe through a link" {
	mkdir "$T/cron.d"
	mkfifo "$T/pipe"
	exec 7<>"$T/pipe"
	as nobody ln -s "$T/cron.d" "$SPOOL/jobs.d"
	ln -s "$T/pipe" "$SPOOL/alerts.fifo"
	refused "$SPOOL/jobs.d is a link of user $(id -u nobody)" \
		"${publish[@]}" jobs hello
	[[ $stderr == *'make the folder itself there'* ]]
	same '' "$(ls -A "$T/cron.d")"
	refused "$SPOOL/alerts.fifo is a link of user 0" \
		"${publish[@]}" alerts hello
	[[ $stderr == *'make the pipe itself there'* ]]
	# Not of one's own, either.
	ln -sfn "$T/cron.d" "$SPOOL/more.d"
	refused "$SPOOL/more.d is a link" "${publish[@]}" more hello
	same '' "$(ls -A "$T/cron.d")"
	exec 7>&-
}

@test "an end marker that is a link ends the channel and leads to nothing" {
	echo one >"$SPOOL/news"
	as nobody ln -s "$T/created" "$SPOOL/news.end"
	run "${publish[@]}" news two
	same 1 "$status"
	"${publish[@]}" --end news
	[[ ! -e $T/created ]]
	same one "$(cat "$SPOOL/news")"
}

@test "check names links that are not followed, and whose they are" {
	echo x >"$T/log"
	as nobody ln -s "$T/log" "$SPOOL/leak"
	ln -s "$T/log" "$SPOOL/good"
	echo x >"$SPOOL/news"
	as nobody ln -s "$T/log" "$SPOOL/news.1"
	run "$SPOOLCAST" check
	same 1 "$status"
	grep -q "^problem: leak is a link of user $(id -u nobody) to a place of \
user 0, and such a link is followed only if" <<<"$output"
	grep -q "^problem: news.1 is a link of user $(id -u nobody)" \
		<<<"$output"
	[[ $output != *good* ]]
}

# --- notes of rotations --------------------------------------------------

# note TEXT...: nobody says that this rotation is under way.
note()
{
	as nobody mkdir -p "$SPOOL/.spoolcast"
	# shellcheck disable=SC2016 # it is that shell's
	as nobody sh -c 'printf "%-159s\n" "$2" >"$1/.spoolcast/rotation"' - \
		"$SPOOL" "$*"
}

# series WORD...: segments of news, the newest last, of the user mail.
series()
{
	local number=$# word name
	for word; do
		number=$((number - 1))
		name=$SPOOL/news
		((number == 0)) || name+=.$number
		echo "$word" >"$name"
		chown mail "$name"
	done
}

segments()
{
	(cd "$SPOOL" && printf '%s\n' news* | sort -V | xargs head -n 1 -q |
		xargs)
	(cd "$SPOOL" && printf '%s\n' news* | sort -V | xargs)
}

inode_of() { stat -c %i "$SPOOL/$1"; }

@test "a forged note makes nobody rotate or remove the segments of others" {
	local before number
	for number in 0 1 3; do
		series c b a
		before=$(segments)
		note "news $(inode_of news) $number"
		"$SPOOLCAST" rotate
		same "$before" "$(segments)"
		note "news $(inode_of news) $number"
		# Who may not lock the file of another says so.
		as mail "$SPOOLCAST" rotate || [[ $? == 111 ]]
		same "$before" "$(segments)"
		# And no rotation that is due is carried out as it says.
		echo other >"$SPOOL/other"
		note "news $(inode_of news) $number"
		"$SPOOLCAST" rotate other
		same "$before" "$(segments)"
		rm "$SPOOL"/other*
	done
}

@test "a forged note is not believed where its file is of somebody else" {
	series c b a
	local before
	before=$(segments)
	# As one that all may write to, made before by an honest one.
	mkdir -m 1777 "$SPOOL/.spoolcast"
	: >"$SPOOL/.spoolcast/rotation"
	chmod 666 "$SPOOL/.spoolcast/rotation"
	note "news $(inode_of news) 0"
	"$SPOOLCAST" rotate
	same "$before" "$(segments)"
}

@test "a forged note makes no file where none is wanted" {
	series b a
	rm "$SPOOL/news"
	note "news $(inode_of news.1) 4"
	"$SPOOLCAST" rotate
	[[ ! -e $SPOOL/news ]]
	# Nor with a new file of the one who forged it.
	as nobody touch "$SPOOL/.rotation.new"
	note "news $(inode_of news.1) 4"
	"$SPOOLCAST" rotate
	[[ ! -e $SPOOL/news ]]
}

@test "a number that is free and a forged note do not make segments move" {
	series d c b a
	rm "$SPOOL/news.2"
	local before
	before=$(segments)
	as nobody touch "$SPOOL/.rotation.new"
	note "news $(inode_of news) 0"
	"$SPOOLCAST" rotate
	same "$before" "$(segments)"
}

@test "root completes in a sticky spool what it was killed in" {
	local step moved=0
	ini 'max_size = 4K'
	for step in 1 2 3 4 5 6; do
		rm -rf "${SPOOL:?}"/* "${SPOOL:?}"/.[!.]*
		series d c b a
		ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 strace -qq \
			-o "$T/trace" -e trace=renameat2 \
			-e "inject=renameat2:signal=KILL:when=$step" \
			"$SPOOLCAST" rotate news 2>/dev/null || true
		"$SPOOLCAST" rotate
		[[ ! -e $SPOOL/news.4 ]] || moved=$((moved + 1))
		if [[ -e $SPOOL/news.4 ]]; then
			same 'a b c d
news news.1 news.2 news.3 news.4' "$(segments)"
			[[ ! -s $SPOOL/news ]]
		else
			same 'a b c d
news news.1 news.2 news.3' "$(segments)"
		fi
	done
	((moved >= 4))
}

@test "what only is called like a segment, and is another user's, stays" {
	ini 'max_size = 4K' 'keep = 1'
	series b a
	as nobody sh -c "echo theirs >'$SPOOL/news.2'"
	"$SPOOLCAST" rotate news
	same theirs "$(cat "$SPOOL/news.2")"
	# In the way it is said.
	rm "$SPOOL/news.1"
	as nobody sh -c "echo theirs >'$SPOOL/news.1'"
	echo c >>"$SPOOL/news"
	refused "news.1 belongs to user $(id -u nobody)" \
		"$SPOOLCAST" rotate news
	same theirs "$(cat "$SPOOL/news.1")"
}

@test "what spoolcast keeps in a sticky spool, nobody else may write to" {
	mkdir "$SPOOL/jobs.d"
	mkfifo "$SPOOL/alerts.fifo"
	echo x >"$SPOOL/jobs.d/x"
	start_serve
	wait_for 20 test -s "$SPOOL/.spoolcast/jobs.d.log"
	echo x >"$SPOOL/alerts.fifo"
	wait_for 20 test -s "$SPOOL/.spoolcast/alerts.fifo.log"
	run as nobody sh -c "cd '$SPOOL/.spoolcast' && : >jobs.d.log"
	((status != 0))
	run as nobody sh -c "cd '$SPOOL/.spoolcast' && : >alerts.fifo.log"
	((status != 0))
	run as nobody sh -c "cd '$SPOOL/.spoolcast' && exec 5<>sources"
	((status != 0))
}

@test "a folder or lock file of a stranger is refused, and the log says whose" {
	as nobody mkdir "$SPOOL/.spoolcast"
	mkfifo "$SPOOL/alerts.fifo"
	start_serve
	wait_for 20 grep -q 'event=sources-refused' "$T/serve.log"
	grep -q 'remedy="remove that file, or the folder, which another user' \
		"$T/serve.log"
	[[ ! -e $SPOOL/.spoolcast/sources ]]
	rm -r "$SPOOL/.spoolcast"
	wait_for 20 test -e "$SPOOL/.spoolcast/sources"
	as nobody touch "$SPOOL/.spoolcast/alerts.fifo.log"
	(echo hello >"$SPOOL/alerts.fifo") 3>&- &
	PIDS+=($!)
	wait_for 20 grep -q 'event=.*channel=alerts' "$T/serve.log"
	[[ ! -s $SPOOL/.spoolcast/alerts.fifo.log ]]
	rm "$SPOOL/.spoolcast/alerts.fifo.log"
	wait_for 20 grep -qx hello "$SPOOL/.spoolcast/alerts.fifo.log"
}

@test "check names what strangers made where spoolcast keeps its own" {
	note "news 1 0"
	run "$SPOOLCAST" check
	same 1 "$status"
	grep -q "^problem: .spoolcast: belongs to user $(id -u nobody)" \
		<<<"$output"
	grep -q "^problem: .spoolcast/rotation: belongs to user" <<<"$output"
	rm -r "$SPOOL/.spoolcast"
	chmod 777 "$SPOOL"
	note "news 1 0"
	"$SPOOLCAST" check
}
