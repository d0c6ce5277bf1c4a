#!/bin/bash
# What the other pages of a shared host have to suffer: Apache with a mod_fcgid
# that may run 10 processes in all and keeps each response to itself, spoolcast
# uploaded with its .htaccess and a budget of 8 streams, and 40 viewers.
# shellcheck source=tests/bench/bench.bash
source "$(dirname "$0")/bench.bash"

VIEWERS=${VIEWERS:-40}
REQUESTS=${REQUESTS:-200}
RATE=${RATE:-20}

# Like any visitor of the site: a new connection each time.  curl's own clock
# begins with the request, so its start does not count.
visit() # PATH FILE
{
	curl -sS -o /dev/null -w '%{response_code} %{time_total}\n' \
		--max-time 60 --rate "$RATE/s" -H 'Connection: close' \
		"$ORIGIN$1?[1-$REQUESTS]" >"$2"
}

# visits WHEN: both pages at the same time.
visits()
{
	local page pids=() pid
	for page in page.html other.fcgi; do
		visit "/$page" "$T/$page" &
		pids+=("$!")
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	note_visits "static page, $1" "$T/page.html"
	note_visits "FastCGI page, $1" "$T/other.fcgi"
}

note_visits() # ROW FILE
{
	local p50 p95 max
	awk '{ print $2 * 1000 }' "$2" >"$2.ms"
	read -r p50 p95 max < <(quantiles "$2.ms")
	note "$1" 'p50, ms' "$p50"
	note "$1" 'p95, ms' "$p95"
	note "$1" 'max, ms' "$max"
	note "$1" requests "$(wc -l <"$2")"
	note "$1" 'not 200' "$(grep -vc '^200 ' "$2" || true)"
}

upload()
{
	apache_setup
	apache_upload fcgid
	cp "$BUILD/bench/page" "$WWW/other.fcgi"
	printf '%s\n' '<Files "other.fcgi">' 'SetHandler fcgid-script' \
		'</Files>' >>"$WWW/.htaccess"
	apache_extra 'FcgidMaxProcesses 10'
	ini '[limits]' 'streams = 8'
	: >"$SPOOL/news"
	# Where sites run as their owners, the spool is theirs; without the
	# right to count streams in it, all viewers would be served by polls.
	chmod a+rwx "$SPOOL"
}

# Until all have got in, which mod_fcgid lets take some seconds.
crowd_comes()
{
	background "$T/crowd.err" node "$BENCH/crowd.mjs" \
		--url "$URL/news?history=all" --append "$SPOOL/news" \
		--viewers "$VIEWERS" --every 1000 --ready "$T/ready" \
		--until "$T/until" --deadline 280 >"$T/crowd"
	CROWD=$PID
	crowd_is_there()
	{
		[[ -e $T/ready ]] || gone "$CROWD"
	}
	wait_for 200 crowd_is_there
}

# How many of our processes there are, looked at ten times a second.
count_processes()
{
	while [[ ! -e $T/until ]]; do
		# Those that end while it looks make find complain.
		{ apache_responders || true; } | wc -l
		sleep 0.1
	done >"$T/processes"
}

crowd_goes()
{
	local name row='of all rounds' p50 p95 max
	: >"$T/until"
	wait "$COUNTER"
	wait_for 300 gone "$CROWD"
	for name in events deliveries refused failed lost doubled wrong; do
		note "$row" "$name" "$(awk -v name="$name" \
			'$1 == name { print $2 }' "$T/crowd")"
	done
	awk '$1 == "delay" { print $2 }' "$T/crowd" >"$T/delays"
	read -r p50 p95 max < <(quantiles "$T/delays")
	note "$row" 'delay p50, ms' "$p50"
	note "$row" 'p95' "$p95"
	note "$row" 'max' "$max"
	read -r p50 _ max < <(quantiles "$T/processes")
	note "$row" 'processes p50' "$p50"
	note "$row" 'most' "$max"
	note "$row" 'without budget' \
		"$(grep -c event=budget-unknown "$T/apache.log" || true)"
}

bench_begin
EVENTS=$WORK/events
: >"$EVENTS"
for _ in $(rounds); do
	round_begin
	upload
	start_apache_host
	visits 'nobody there'
	crowd_comes
	count_processes &
	COUNTER=$!
	visits "$VIEWERS viewers"
	NOTES=$EVENTS crowd_goes
	round_end
done

table "every $((1000 / RATE)) ms" 'p50, ms' 'p95, ms' 'max, ms' requests \
	'not 200'
echo
NOTES=$EVENTS
table "$VIEWERS viewers" events deliveries lost doubled wrong refused failed
echo
table "$VIEWERS viewers" 'delay p50, ms' p95 max 'processes p50' most \
	'without budget'
echo
say 'An event a second, and all viewers are to get all of them: deliveries are' \
	"$VIEWERS times events. Streams over the budget are short polls, every" \
	'5 s (poll_retry), which is their delay. processes are those of' \
	'spoolcast; "without budget" counts complaints that the streams could' \
	'not be counted.'
