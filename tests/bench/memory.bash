#!/bin/bash
# What the responder has in memory at most under large records, beside [limits]
# memory, and what the viewer of another channel gets meanwhile.
# shellcheck source=tests/bench/bench.bash
ROUNDS=${ROUNDS:-2}
source "$(dirname "$0")/bench.bash"

SECONDS_EACH=${SECONDS_EACH:-8}
RECORD_BYTES=16000000

# A row of the table: name, limit in MB, what the record is made of, how many
# bytes of a batch that is, options of beside.  "data: " and its end are in a
# batch for each CR.
cases=(
	"20 deaf, other types each|64|\\r||--clients 20 --deaf --ask /news?type=message,t#"
	"1000 deaf|64|\\r||--clients 1000 --deaf --ask /news"
	"1000 read|64|\\r||--clients 1000 --ask /news"
	"one reads|64|\\r||--clients 1 --ask /news"
	"20 deaf, other types, of x|64|x||--clients 20 --deaf --ask /news?type=message,t#"
	"one reads, of x|256|x|1|--clients 1 --ask /news"
	"one reads, limit beyond|512|\\r|7|--clients 1 --ask /news"
)

# status NAME: kB, of the responder.
status()
{
	awk -v name="$1:" '$1 == name { print $2 }' "/proc/$SERVE_PID/status"
}

record()
{
	head -c "$RECORD_BYTES" /dev/zero | tr '\0' "$1"
	echo
}

# note_peak ROW LIMIT TIMES BEFORE: TIMES of the record are in a batch, if that
# is known.
note_peak()
{
	local peak
	peak=$(status VmHWM)
	note "$1" limit_mb "$2"
	note "$1" peak_mb $((peak / 1024))
	note "$1" 'peak - limit' $((peak / 1024 - $2))
	[[ -z $3 ]] || note "$1" 'x record' "$(awk -v peak="$peak" -v was="$4" \
		-v record="$RECORD_BYTES" -v times="$3" \
		'BEGIN { printf "%.1f", (peak - was) * 1024 / record - times }')"
}

measure() # ROW LIMIT BYTE TIMES OPTION...
{
	local name value before
	round_begin
	: >"$SPOOL/news"
	: >"$SPOOL/quiet"
	ini '[limits]' "memory = $2M" '[spool]' 'max_record = 16M'
	start_serve
	"$BUILD/helpers/beside" --address "unix:$T/serve.sock" --every 10 \
		--probe /quiet --file "$SPOOL/quiet" --for "$SECONDS_EACH" \
		"${@:5}" >"$T/out" 2>>"$T/beside.err" &
	wait_for 10 grep -q ready "$T/out"
	before=$(status VmHWM)
	record "$3" >>"$SPOOL/news"
	wait "$!"
	note_peak "$1" "$2" "$4" "$before"
	end_serve
	while read -r name value; do
		case $name in
		lines) note "$1" of "$value" ;;
		came | max_ms) note "$1" "$name" "$value" ;;
		esac
	done <"$T/out"
	round_end
	note_before "$1" peak_mb
}

bench_begin
for _ in $(rounds); do
	for version in "${VERSIONS[@]}"; do
		use_version "$version"
		for row in "${cases[@]}"; do
			IFS='|' read -r name limit byte times options <<<"$row"
			# shellcheck disable=SC2086 # words
			measure "$name" "$limit" "$byte" "$times" $options
		done
	done
done
note target 'peak - limit' '<= 16'
note target 'x record' '<= 4'
table 'a record of 16 MB of CR' limit_mb peak_mb 'peak - limit' 'x record' came \
	of max_ms "${BEFORE_COLUMNS[@]}"
echo
say 'peak_mb is the most that was resident, libraries included. x record is how' \
	'much of it the record took beyond what it is in the batch, as a multiple' \
	'of its size, where the limit is beyond reach. came, of and max_ms are' \
	"lines of the viewer of another channel in $SECONDS_EACH s, a hundred a" \
	'second: those that had not come by then are counted as late as that.'
