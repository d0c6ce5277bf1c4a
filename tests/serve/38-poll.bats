#!/usr/bin/env bats
# Where each viewer is a process and inotify instances are used up: hundreds
# of processes that look at one spool from time to time.

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

has_text() # FILE TEXT
{
	grep -qsF -- "$2" "$1"
}

# all_have COMMAND...: so many viewers have what COMMAND, given their files,
# looks for.
all_have()
{
	(("$("$@" "$T"/s.* | wc -l)" == VIEWERS))
}

@test "200 processes that poll get every line once, in order" {
	VIEWERS=200
	# With a sanitizer each takes some 30 MB.
	[[ $SPOOLCAST != */asan/* ]] || VIEWERS=20
	# Instances are counted by user: one of its own, so that nobody else is
	# concerned, and none whose instances another run still gives back.
	local other=() caps=+dac_override,+dac_read_search i n fds=()
	((EUID != 0)) ||
		other=(setpriv "--reuid=$((300000 + BASHPID))"
			"--inh-caps=$caps" "--ambient-caps=$caps")
	: >"$T/hog"
	background "$T/hog.err" "${other[@]}" \
		"${SPOOLCAST%/*}/helpers/inotify_hog" >"$T/hog"
	wait_for 10 has_text "$T/hog" full

	: >"$SPOOL/news"
	export REQUEST_METHOD=GET REQUEST_URI=/events/news
	export HTTP_ACCEPT=text/event-stream
	for ((i = 0; i < VIEWERS; i++)); do
		background "$T/log.$i" "${other[@]}" "$SPOOLCAST" \
			</dev/null >"$T/s.$i"
		fds+=("/proc/$PID/fd")
	done
	wait_for 60 all_have grep -l '^id: '
	# None has an instance; one of them all says so in a minute.
	same '' "$(find "${fds[@]}" -lname '*inotify*')"
	n=$(grep -l event=polling "$T"/log.* | wc -l)
	((n >= 1 && n <= 3))

	# A trickle, a flood, and another file in its place between two lines.
	for i in {1..10}; do
		echo "line $i" >>"$SPOOL/news"
		wait_for 20 has_text "$T/s.0" "data: line $i"
	done
	seq -f 'line %g' 11 500 >>"$SPOOL/news"
	mv "$SPOOL/news" "$SPOOL/news.1"
	for i in {501..600}; do
		echo "line $i" >>"$SPOOL/news"
	done
	wait_for 60 all_have grep -lx 'data: line 600'
	for ((i = 0; i < VIEWERS; i++)); do
		same "$(seq -f 'data: line %g' 600 | md5sum)" \
			"$(grep '^data: line' "$T/s.$i" | md5sum)"
	done
	sed '1,/^\r$/d' "$T/s.1" >"$T/body"
	events "$T/body" >/dev/null
}
