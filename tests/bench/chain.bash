#!/bin/bash
# What a delivery costs whole chains, web server and program, on one core, and
# how soon all have it; beside it those that do the same work in other ways.
#
#	SUBJECTS="nchan lighttpd"	only these
#	VIEWERS="1000 5000"		with so many
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
default_viewers='1 1000 5000 8900'
if [[ -n ${QUICK:-} ]]; then
	default_viewers='1 1000'
	SUBJECTS=${SUBJECTS:-nchan lighttpd nginx direct}
	ROUNDS=1
fi

# phases MOST VIEWERS: what they are to see, as options of chain.  Whoever
# serves only 1000 has a ceiling there that takes too long to show.
phases()
{
	case $2 in
	1) PHASES=(warm:20:10 r20:20:100) ;;
	*) PHASES=(warm:10:5 r10:10:30) ;;
	esac
	(($1 > 1000)) || return 0
	case $2 in
	1) ;;
	1000) PHASES+=(burst:0:1000) ;;
	*) PHASES+=("r100:100:$((750000 / $2))") ;;
	esac
}

# take ROW VIEWERS: the results that chain has printed become notes.
take()
{
	local phase name value
	while read -r phase name value; do
		[[ $phase == warm ]] || note "$1" "$name $phase $2" "$value"
	done <"$T/out"
	[[ $1 != nchan ]] || return 0
	for name in cpu_us\ r10 fanout_ms\ r10 per_second\ r100 \
		done_ms\ burst; do
		note_ratio "$1" "/nchan $name $2" "$name $2" nchan
	done
}

# measure SUBJECT MOST VIEWERS
measure()
{
	local status=0 options=() pid
	round_begin
	place
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
		"${PHASES[@]/#/--phase=}" >"$T/out" 2>>"$T/chain.err" || status=1
	[[ ! -s $T/chain.err ]] || printf '%s, %s viewers: %s\n' "$1" "$3" \
		"$(tail -n 1 "$T/chain.err")"
	((status != 0)) || take "$1" "$3"
	if [[ -n ${KEEP_LOGS:-} ]]; then
		show_logs
	fi
	round_end
	return "$status"
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
	elif ! measure "$1" "$2" "$4"; then
		show_logs
		round_end
		leave_out "$1" "it could not be measured with $4 viewers"
	fi
}

# columns NAME PHASE PREFIX: those that there are, for `table`.
columns()
{
	local n
	COLUMNS_OF=()
	for n in $VIEWERS; do
		COLUMNS_OF+=("${3:-}$1 $2 $n")
	done
}

tables()
{
	local name
	for name in cpu_us own_us fanout_ms p50_ms; do
		columns "$name" r10
		table chain "${COLUMNS_OF[@]}"
		echo
	done
	for name in cpu_us fanout_ms; do
		columns "$name" r10 '/nchan '
		table chain "${COLUMNS_OF[@]}"
		echo
	done
	for prefix in '' '/nchan '; do
		columns per_second r100 "$prefix"
		table chain "${COLUMNS_OF[@]}" "${prefix}done_ms burst 1000"
		echo
	done
	columns lost r100
	table chain "${COLUMNS_OF[@]}" 'lost burst 1000' 'doubled burst 1000'
	echo
	for name in chain_kb own_kb; do
		columns "$name" memory
		table chain "${COLUMNS_OF[@]}" 
		echo
	done
	table 'one idle viewer' 'p50_ms r20 1' 'p99_ms r20 1' 'cpu_us r20 1'
}

VIEWERS=${VIEWERS:-$default_viewers}
# What is measured has a core of its own, for all that we start inherits this;
# readers and the publisher have another.
READER_CPU=0
if (($(nproc) > 1)) && taskset -cp 0 "$BASHPID" >/dev/null 2>&1; then
	READER_CPU=1
fi
bench_begin
files
for _ in $(rounds); do
	for n in $VIEWERS; do
		for row in "${subjects[@]}"; do
			IFS='|' read -r name most needs <<<"$row"
			try "$name" "$most" "$needs" "$n"
		done
	done
done
tables
