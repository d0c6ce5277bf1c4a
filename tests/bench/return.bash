#!/bin/bash
# How a crowd comes back when the responder behind lighttpd is restarted: are
# they spread as `reconnect_rate` says, and does everybody get everything?
#
# A row of the table is a function that ends all streams, and settings.
# shellcheck source=tests/bench/bench.bash
source "$(dirname "$0")/bench.bash"

VIEWERS=${VIEWERS:-300}

rows=(
	'100/s, SIGTERM to us|stop_responder|reconnect_rate = 100'
	'20/s, SIGTERM to us|stop_responder|reconnect_rate = 20'
	'20/s, SIGUSR1 to lighttpd|restart_server|reconnect_rate = 20'
)

# Each prints a command.  lighttpd starts the responder again by itself; on
# SIGUSR1 it cuts off all streams before it ends the responder, so that nobody
# hears a goodbye.
stop_responder()
{
	echo "kill -TERM $(responder_pids | xargs)"
}

restart_server()
{
	echo "kill -USR1 $LIGHTTPD_PID"
}

# The largest number of arrivals within any second.
busiest_second()
{
	sort -n "$1" | awk '{ at[NR] = $1 } END {
		from = 1
		for (i = 1; i <= NR; i++) {
			while (at[i] - at[from] >= 1000)
				from++
			if (i - from + 1 > max)
				max = i - from + 1
		}
		print max + 0
	}'
}

# measure ROW RESTART SETTING
measure()
{
	local name out=$T/out value
	ini '[stream]' "$3" 'retry_jitter = 50%'
	start_lighttpd 'server.feature-flags += (
		"server.graceful-shutdown-timeout" => 2)'
	node "$BENCH/crowd.mjs" --url "$URL/news?history=all" \
		--append "$SPOOL/news" --viewers "$VIEWERS" \
		--restart "$("$2")" >"$out"
	awk '$1 == "arrival" { print $2 }' "$out" >"$T/arrivals"
	note "$1" 'most in 1 s' "$(busiest_second "$T/arrivals")"
	note "$1" 'first, s' \
		"$(sort -n "$T/arrivals" | awk 'NR == 1 { print $1 / 1000 }')"
	note "$1" 'last, s' \
		"$(sort -n "$T/arrivals" | awk 'END { print $1 / 1000 }')"
	for name in refused failed lost doubled wrong; do
		value=$(awk -v name="$name" '$1 == name { print $2 }' "$out")
		note "$1" "$name" "$value"
	done
	keep "$1" "$T/arrivals"
}

# keep ROW FILE: the arrivals of the round with the busiest second are shown.
keep()
{
	local now best=-1 kept
	kept=$(kept "$1")
	now=$(busiest_second "$2")
	[[ ! -e $kept ]] || best=$(busiest_second "$kept")
	((now <= best)) || cp "$2" "$kept"
}

kept()
{
	printf '%s/kept %s' "$WORK" "${1//\// per }"
}

# histogram FILE: in steps of 250 ms, or so many times that as make it short.
histogram()
{
	awk -v rows=40 '
		{ at[NR] = $1; if ($1 > last) last = $1 }
		END {
			step = 250
			while (last / step > rows)
				step *= 2
			for (i = 1; i <= NR; i++)
				if (++n[int(at[i] / step)] > max)
					max = n[int(at[i] / step)]
			for (i = 0; i <= int(last / step); i++) {
				if (n[i] == 0 && !begun)
					continue
				begun = 1
				bar = n[i] ? " " : ""
				while (length(bar) - 1 < n[i] * 50 / max)
					bar = bar "#"
				printf "%6.2f s %4d%s\n", i * step / 1000,
					n[i], bar
			}
		}' "$1"
}

bench_begin
for _ in $(rounds); do
	for row in "${rows[@]}"; do
		IFS='|' read -r name restart setting <<<"$row"
		round_begin
		measure "$name" "$restart" "$setting"
		round_end
	done
done

table "$VIEWERS viewers" 'most in 1 s' 'first, s' 'last, s' refused failed \
	lost doubled wrong
echo
say 'Requests after the restart, by their time from it. "refused" got a status' \
	'other than 200: a browser would have given up for good. "failed" found' \
	'no connection, and came back. lost, doubled and wrong are events (numbers, ten a second) and must be 0.'
for row in "${rows[@]}"; do
	printf '\n%s, the round with the busiest second:\n' "${row%%|*}"
	histogram "$(kept "${row%%|*}")"
done
