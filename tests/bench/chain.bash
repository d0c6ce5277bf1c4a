#!/bin/bash
# What a delivery costs whole chains, web server and program, on one core, and
# how soon all have it; beside it those that do the same work in other ways.
#
#	SUBJECTS=nchan,lighttpd	only these
#	VIEWERS=1,1000,5000	with so many
#	BEGUN_WITHIN=340	seconds after which no round begins
# shellcheck source=tests/bench/bench.bash
source "$(dirname "$0")/bench.bash"
# shellcheck source=tests/bench/needs.bash
source "$BENCH/needs.bash"
# shellcheck source=tests/helpers/servers.bash
source "$BENCH/../helpers/servers.bash"
# shellcheck source=tests/bench/subjects.bash
source "$BENCH/subjects.bash"

# A subject is a row here and a function subject_NAME in subjects.bash: name,
# the most viewers it is asked to serve, what it needs.  nchan is first, for
# the others are compared with it, round by round.
subjects=(
	"nchan|20000|nginx $nchan_module"
	"lighttpd|20000|lighttpd"
	"nginx|20000|nginx"
	"direct|20000|"
	"apache|1000|apache2 /usr/lib/apache2/modules/mod_proxy_fcgi.so"
	"node|1000|node"
	"better-sse|1000|node $BENCH/peers/node_modules/better-sse"
	"pushpin|1000|pushpin node"
)
# phases MOST VIEWERS: what they are to see, as options of chain.  Whoever
# serves only 1000 has a ceiling there that takes too long to show.
phases()
{
	IDLE=()
	PHASES=(first:10:5 r10:10:30)
	if (($2 == 1)); then
		PHASES=(one:50:150)
	elif (($1 > 1000 && $2 <= 1000)); then
		PHASES+=("burst:0:$BURST")
	elif (($1 > 1000)); then
		PHASES+=("r100:100:$((750000 / $2))")
		IDLE=(--idle 4)
	fi
}

# take ROW VIEWERS: the results that chain has printed become notes.
take()
{
	local phase name value of lost=0 doubled=0
	while read -r phase name value; do
		[[ $phase != first ]] || continue
		case $name in
		lost) lost=$((lost + value)) ;;
		doubled) doubled=$((doubled + value)) ;;
		esac
		note "$1" "$name $phase N=$2" "$value"
	done <"$T/out"
	note "$1" "lost N=$2" "$lost"
	note "$1" "doubled N=$2" "$doubled"
	[[ $1 != nchan ]] || return 0
	for of in 'cpu_us r10' 'fanout_ms r10' 'per_second r100' \
		'done_ms burst'; do
		note_ratio "$1" "/nchan $of N=$2" "$of N=$2" nchan
	done
}

# measure SUBJECT MOST VIEWERS
measure()
{
	local options=() pid
	"subject_$1" || return
	phases "$2" "$3"
	for pid in "${OURS[@]}"; do
		options+=(--responder "$pid")
	done
	for pid in "${OTHERS[@]}"; do
		options+=(--pid "$pid")
	done
	taskset -c "$READER_CPU" "$BUILD/bench/chain" "${ASK[@]}" \
		"${PUBLISH[@]}" "${options[@]}" --viewers "$3" \
		"${PHASES[@]/#/--phase=}" "${IDLE[@]}" >"$T/out" \
		2>>"$T/chain.err" || return
	take "$1" "$3"
}

# What has been left out is not tried again.
declare -A left_out=()

# leave_out SUBJECT WHY
leave_out()
{
	[[ -z ${left_out[$1]:-} ]] || return 0
	left_out[$1]=yes
	printf '%s is left out: %s\n\n' "$1" "$2"
}

# try SUBJECT MOST NEEDS VIEWERS
try()
{
	local missing
	# shellcheck disable=SC2086 # words
	missing=$(missing_of $3)
	if [[ " ${SUBJECTS:-$1} " != *" $1 "* ]] || (($4 > $2)) ||
		[[ -n ${left_out[$1]:-} ]]; then
		return 0
	fi
	if [[ -n $missing ]]; then
		leave_out "$1" "this is missing: $missing"
		return 0
	fi
	round_begin
	place
	if ! measure "$1" "$2" "$4"; then
		show_logs
		leave_out "$1" "it could not be measured with $4 viewers"
	fi
	round_end
}

# show TITLE NOTED|HEADING...: a table of what was noted under these names; none
# when nothing was.
show()
{
	local pair headings=("${@:2}")
	for pair in "${headings[@]}"; do
		awk -F '\t' -v OFS='\t' -v name="${pair%|*}" \
			-v heading="${pair#*|}" \
			'$2 == name { $2 = heading; print }' "$NOTES"
	done >"$WORK/shown"
	[[ -s $WORK/shown ]] || return 0
	printf '%s\n' "$1"
	NOTES=$WORK/shown table '' "${headings[@]#*|}"
	echo
}

# show_each TITLE NAME: a column for each number of viewers.
show_each()
{
	local n columns=()
	for n in $VIEWERS; do
		((n == 1)) || columns+=("$2 N=$n|N=$n")
	done
	show "$1" "${columns[@]}"
}

tables()
{
	show_each 'CPU of a delivery, us, of the whole chain' 'cpu_us r10'
	show_each "... as a multiple of nchan's" '/nchan cpu_us r10'
	show_each '... of which spoolcast, us' 'own_us r10'
	show_each 'An event to the last of N, ms' 'fanout_ms r10'
	show_each "... as a multiple of nchan's" '/nchan fanout_ms r10'
	show_each 'An event to one of N, ms, p50' 'p50_ms r10'
	show_each 'Until all had the last of 30, ms' 'done_ms r10'
	show_each 'Deliveries a second when 100 events/s are published' \
		'per_second r100'
	show_each "... as a multiple of nchan's" '/nchan per_second r100'
	show "$BURST events at once, N=1000" \
		'done_ms burst N=1000|until all have all, ms' \
		'/nchan done_ms burst N=1000|x nchan' \
		'cpu_us burst N=1000|us CPU a delivery'
	show 'An idle viewer, one event after the other' \
		'p50_ms one N=1|p50, ms' 'p99_ms one N=1|p99, ms' \
		'cpu_us one N=1|us CPU an event'
	show_each 'Memory of a further viewer, KB (PSS), of the whole chain' \
		'chain_kb memory'
	show_each '... of which spoolcast, KB' 'own_kb memory'
	show_each 'Nothing is published: % of a core, the whole chain' \
		'core_percent idle'
	show_each '... of which spoolcast' 'own_percent idle'
	show_each 'Events lost' lost
	show_each 'Events twice' doubled
	say 'The whole chain, all processes of it, has one core, and viewers and' \
		'publisher another. Events have 100 bytes and come ten a second' \
		'where nothing else is said; each viewer checks that all come,' \
		'once and in order. lighttpd, nginx and apache stand before' \
		'spoolcast; direct is spoolcast at its own socket. Who is asked' \
		'by POST is slowed down when it cannot follow, and so is its' \
		'publisher; a file takes 100 events/s whatever is behind it.' \
		'30 events take 2900 ms: where it was longer, the core was' \
		'not enough, and its figures are those of an overload.' \
		'Memory is that beyond the first 100 viewers, after all events.' \
		'No heartbeat comes while nothing is published for 4 s.'
}

VIEWERS=${VIEWERS:-1,1000,5000,8900}
VIEWERS=${VIEWERS//,/ }
SUBJECTS=${SUBJECTS:-}
SUBJECTS=${SUBJECTS//,/ }
BURST=${BURST:-1000}
BEGUN_WITHIN=${BEGUN_WITHIN:-340}
# What is measured has a core of its own, for all that we start inherits this;
# readers and the publisher have another.
READER_CPU=0
if (($(nproc) > 1)) && taskset -cp 0 "$BASHPID" >/dev/null 2>&1; then
	READER_CPU=1
fi
bench_begin
files
for round in $(rounds); do
	if ((SECONDS > BEGUN_WITHIN)); then
		say "The machine is too busy for more than $((round - 1)) rounds."
		echo
		break
	fi
	for n in $VIEWERS; do
		for row in "${subjects[@]}"; do
			IFS='|' read -r name most needs <<<"$row"
			try "$name" "$most" "$needs" "$n"
		done
	done
done
tables
