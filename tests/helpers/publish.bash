# shellcheck shell=bash disable=SC2154,SC2034
# What the tests of publish share: a folder with a spool for each of them.

bats_require_minimum_version 1.5.0

publish_setup()
{
	cd "$BATS_TEST_TMPDIR" || return 1
	SPOOLCAST=${SPOOLCAST:-$BATS_TEST_DIRNAME/../../build/spoolcast}
	[[ $SPOOLCAST == /* ]] || SPOOLCAST=$OLDPWD/$SPOOLCAST
	export HOME=$BATS_TEST_TMPDIR SPOOLCAST_SPOOL=$BATS_TEST_TMPDIR/spool
	unset SPOOLCAST_CONFIG REQUEST_METHOD LISTEN_FDS LISTEN_PID
	mkdir spool
}

# publish_teardown: ends what hold_lock and others left running as $helper, and
# removes the folder $open, if there is one.
publish_teardown()
{
	if [ -n "${helper-}" ]; then
		kill "$helper" 2>/dev/null || true
		wait "$helper" || true
	fi
	if [ -n "${open-}" ]; then
		rm -rf "$open"
	fi
}

publish()
{
	"$SPOOLCAST" publish "$@"
}

# file_is FILE FORMAT [ARG ...]: FILE holds exactly what printf makes of it.
file_is()
{
	local file=$1
	shift
	# shellcheck disable=SC2059 # the format is the point
	printf "$@" >want
	cmp "$file" want
}

# refused STATUS TEXT ARG ...: publish ARG ... exits with STATUS, prints nothing
# and says TEXT.
refused()
{
	local want=$1 text=$2
	shift 2
	run --separate-stderr "$SPOOLCAST" publish "$@"
	echo "status $status: $stderr"
	[ "$status" -eq "$want" ]
	[ -z "$output" ]
	[[ "$stderr" == *"$text"* ]]
}

# Holds the lock of spool/news until a line is written to the pipe go; then runs
# "$@" under it.  Returns once the lock is held.
hold_lock()
{
	mkfifo held go
	exec 8<>held 9<>go
	(
		exec 7>>spool/news
		flock 7
		echo >&8
		read -r <&9
		"$@"
	) 3>&- &
	helper=$!
	read -r -t 30 <&8
}

# Waits until process $1 stands in line for a lock that another one holds.
wait_blocked()
{
	local deadline=$((SECONDS + 30))
	until grep -q -- "-> FLOCK .* $1 " /proc/locks; do
		[ $SECONDS -lt $deadline ] || return 1
		kill -0 "$1" || return 1
	done
}
