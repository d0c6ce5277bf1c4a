#!/bin/bash
# What the dearest requests cost the viewer of another channel, who gets a line
# each millisecond: how long one of them holds the loop of the responder, and
# how late lines are while fifty repeat it.
# shellcheck source=tests/bench/bench.bash
ROUNDS=${ROUNDS:-2}
source "$(dirname "$0")/bench.bash"

CLIENTS=50
# How long fifty ask, and of how large a log.
SECONDS_EACH=${SECONDS_EACH:-4}
MEGABYTES=${MEGABYTES:-512}

# Who sends has a core of its own; those who ask and read have another.
pin_sender=()
pin_reader=()
if (($(nproc) > 1)) && taskset -c 0,1 true 2>/dev/null; then
	pin_sender=(taskset -c 0)
	pin_reader=(taskset -c 1)
fi

# A row of the table: name, the spool of $WORK, options of beside.
requests=(
	"nothing|large|"
	"HEAD, history, 60 kB|large|--head --ask /news?history=1000"
	"HEAD, history, blank lines|blank|--head --ask /news?history=1000"
	"HEAD, history, comments|comments|--head --ask /news?history=1000"
	"HEAD, history, 32 channels|many|--head --ask /c*?history=1000"
	"HEAD, history, 1000 segments|segments|--head --ask /news?history=1000"
	"history, 60 kB, none wanted|large|--ask /news?history=1000&type=none"
	"history, blank lines|blank|--ask /news?history=1000"
	"history, comments|comments|--ask /news?history=1000"
	"history, 32 channels|many|--ask /c*?history=1000"
	"history, 1000 segments|segments|--ask /news?history=1000"
	"all of $MEGABYTES MB, none wanted|large|--ask /news?type=none&lastEventId=x"
	"the same, each other types|large|--ask /news?type=none,t#&lastEventId=x"
	"all of $MEGABYTES MB, expired|expired|--ask /news?lastEventId=x"
	"all of $MEGABYTES MB, holes|holes|--ask /news?type=none&lastEventId=x"
)

# repeat BYTES TEXT
repeat()
{
	head -c "$1" < <(yes "$2")
}

# blocks LINE: as many megabytes of records of 60 kB, behind this line each.
blocks()
{
	perl -e 'print $ARGV[0], "x" x 61400, $ARGV[1] for 1 .. $ARGV[2]' \
		"$1" "$2" $((MEGABYTES * 1000000 / 61440))
}

# The spools are made once.
fill()
{
	local n
	mkdir "$WORK"/{large,blank,comments,many,segments,expired,holes}
	blocks '' $'\n' >"$WORK/large/news"
	blocks $'expires: 1\ndata: ' $'\n\n' >"$WORK/expired/news.sse"
	repeat 100000000 '' >"$WORK/blank/news"
	repeat 100000000 ': nothing' >"$WORK/comments/news.sse"
	repeat 20000000 '' >"$WORK/many/c1"
	for n in {2..32}; do
		ln "$WORK/many/c1" "$WORK/many/c$n"
	done
	echo 0 >"$WORK/segments/news"
	for n in {1..999}; do
		echo "$n" >"$WORK/segments/news.$n"
	done
	for ((n = 1; n <= MEGABYTES; n++)); do
		truncate -s "${n}M" "$WORK/holes/news"
		echo >>"$WORK/holes/news"
	done
	for n in "$WORK"/*/; do
		: >"$n/quiet"
	done
}

# ask ROW SPOOL FIGURES OPTION...: with a responder of its own.
ask()
{
	local row=$1 figure name value
	round_begin
	SPOOL=$WORK/$2
	ini
	start_serve "${pin_sender[@]}"
	"${pin_reader[@]}" "$BUILD/helpers/beside" --every 1 \
		--address "unix:$T/serve.sock" --probe /quiet \
		--file "$SPOOL/quiet" --pid "$SERVE_PID" "${@:4}" \
		>"$T/out" 2>>"$T/beside.err"
	end_serve
	for figure in $3; do
		while read -r name value; do
			[[ $name != "${figure%%:*}" ]] ||
				note "$row" "${figure#*:}" "$value"
		done <"$T/out"
	done
	round_end
	: >"$WORK/$2/quiet"
}

measure() # ROW SPOOL OPTION...
{
	ask "$1" "$2" 'max_ms:once_ms' --lines 1000 "${@:3}" --clients 1 \
		--answers 1 --quiet 500
	ask "$1" "$2" 'p50_ms:p50_ms p99_ms:p99_ms max_ms:max_ms
		answers:answers came:came lines:of' --for "$SECONDS_EACH" \
		"${@:3}" --clients "$CLIENTS" --again --quiet 300
	note_before "$1" p99_ms
}

targets()
{
	note target once_ms '<= 5'
	note target p99_ms '<= 20'
}

bench_begin
fill
for _ in $(rounds); do
	for version in "${VERSIONS[@]}"; do
		use_version "$version"
		for row in "${requests[@]}"; do
			IFS='|' read -r name spool options <<<"$row"
			# shellcheck disable=SC2086 # words; but no pattern
			set -f
			# shellcheck disable=SC2086
			measure "$name" "$spool" $options
			set +f
		done
	done
done
targets
table "what is asked" once_ms p50_ms p99_ms max_ms came of answers \
	"${BEFORE_COLUMNS[@]}"
echo
say 'once_ms is the latest line of the other viewer while one client asks once:' \
	'how long that holds the loop in a row, and what else the machine does' \
	"(see the row nothing). The rest is of $SECONDS_EACH s in which $CLIENTS" \
	'clients ask, and again when they have an answer and nothing more comes' \
	'for 300 ms: how late lines are, how many came of those that were' \
	'published, and how many answers the clients had. Lines that had not' \
	'come then are counted as late as that, so they were later.'
