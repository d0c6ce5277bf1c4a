#!/bin/bash
# How many instructions it takes the responder alone, and in which functions.
# The kernel's are not among them.  That is what a change to our own code can be
# judged by on any machine, however busy: it hardly moves from run to run.
#
# Each figure is the difference of two runs that do the same, but one of them
# more of it: what it takes to start and to end is in both.
# shellcheck source=tests/bench/bench.bash
ROUNDS=${ROUNDS:-2}
source "$(dirname "$0")/bench.bash"

VIEWERS=${VIEWERS:-500}
EVENTS=${EVENTS:-200}
LINES=${LINES:-10000}
IDLE=${IDLE:-8}
# Under callgrind an event has come to all viewers in about 10 ms: at this rate
# none are gathered.
RATE=20

responder() # LINE...: of the settings
{
	ini '[stream]' 'lifetime = 0' "$@"
	start_serve valgrind --tool=callgrind \
		--callgrind-out-file="$T/callgrind.out"
	ASK=(--address "unix:$T/serve.sock" --pid "$SERVE_PID")
}

# ended NAME: everybody has gone, and the responder; what it took is in the file
# NAME, a line for each function: instructions and its name.
ended()
{
	wait_for 60 is_alone
	kill "$SERVE_PID"
	wait_for 60 gone "$SERVE_PID"
	callgrind_annotate --threshold=100 --show-percs=no \
		"$T/callgrind.out" 2>>"$T/annotate.err" |
		sed -nE 's/^ *([0-9,]+) +[^ ]*:([^ :]+)( \[.*)?$/\1 \2/p' |
		tr -d , >"$WORK/$1"
	[[ -s $WORK/$1 ]]
}

# watch NAME VIEWERS HEARTBEAT OPTION...: they come, and see a few events and
# what the options of chain say.
watch()
{
	round_begin
	: >"$SPOOL/news"
	responder "heartbeat = $3"
	"$BUILD/bench/chain" --fcgi "unix:$T/serve.sock" --file "$SPOOL/news" \
		--viewers "$2" "${@:4}" >"$WORK/$1.out" 2>>"$T/chain.err"
	ended "$1"
	round_end
}

# catch_up NAME LINES: one viewer, who comes back to so many.
catch_up()
{
	local id
	round_begin
	seq -f '%099.0f' 1 10 >"$SPOOL/news"
	id=$(place)
	seq -f '%099.0f' 11 $((10 + $2)) >>"$SPOOL/news"
	responder 'heartbeat = 1h'
	"$BUILD/bench/resume" "${ASK[@]}" --uri /events/news --id "$id" \
		--events "$2" >"$WORK/$1.out" 2>>"$T/resume.err"
	ended "$1"
	round_end
}

# said NAME WORD...: the number behind these words in what was printed there.
said()
{
	awk -v words="${*:2}" 'index($0, words " ") == 1 { print $NF }' \
		"$WORK/$1.out"
}

# by_function MORE LESS TIMES: instructions for one of so many times that MORE
# has been through and LESS not, and where; most first.
by_function()
{
	awk -v times="$3" '
		FNR == NR { of[$2] += $1; next }
		{ of[$2] -= $1 }
		END {
			for (name in of)
				printf "%.2f %s\n", of[name] / times, name
		}' "$WORK/$1" "$WORK/$2" | sort -k1,1gr -k2
}

# compare ROW MORE LESS TIMES
compare()
{
	local name=${1// /-}
	by_function "$2" "$3" "$4" >"$WORK/profile.$name"
	note "$1" instructions \
		"$(awk '{ sum += $1 } END { print sum }' "$WORK/profile.$name")"
	note "$1" times "$4"
	note_before "$1" instructions
}

measure()
{
	watch few "$VIEWERS" 1h
	watch many $((2 * VIEWERS)) 1h
	watch events "$VIEWERS" 1h --phase "more:$RATE:$EVENTS"
	watch beats "$VIEWERS" 2s --idle "$IDLE"
	catch_up short $((LINES / 10))
	catch_up long $((LINES / 10 + LINES))
	compare delivery events few "$(said events more deliveries)"
	note delivery lost "$(said events more lost)"
	compare viewer many few "$VIEWERS"
	compare heartbeat beats few "$(said beats idle frames)"
	compare 'event of a log' long short "$LINES"
}

# built: by what the program was, and with what it runs.
built()
{
	readelf --debug-dump=info "$SPOOLCAST" 2>>"$WORK/readelf.err" |
		sed -n '/DW_AT_producer/s/.*: //p' | sort -u
	getconf GNU_LIBC_VERSION
	valgrind --version
}

bench_begin
for _ in $(rounds); do
	for version in "${VERSIONS[@]}"; do
		use_version "$version"
		measure
	done
done
table 'one' instructions times lost "${BEFORE_COLUMNS[@]}"
for row in delivery 'event of a log'; do
	printf '\nOf these, for one %s:\n' "$row"
	head -n 5 "$WORK/profile.${row// /-}"
done
echo
say 'What the process itself executes, with its libraries, but not the kernel' \
	"(callgrind): for one event to one of $VIEWERS viewers; for a viewer," \
	'from the connection to its end; for a heartbeat; for an event in the' \
	'log that a viewer comes back to. Functions have with them what is' \
	'inlined in them.'
echo
built
