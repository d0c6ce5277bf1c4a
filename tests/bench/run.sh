#!/bin/bash
# tests/bench/run.sh [NAME...]
#
# Measures, and prints tables beside the machine on which they came about.
# Without names, all that are listed below.  B is the build folder, ROUNDS how
# often each is measured (3; the tables have medians).  With QUICK=1 once, and
# less: enough to see that all can be measured, too little to compare.  BEFORE
# is another build of the program: where the responder is measured alone, both
# are, in turns.
#
# Nothing here is a test: it ends with 0 when everything could be measured or
# the program that is missing was named.
set -u
cd "$(dirname "$0")/../.." || exit 1
PATH=$PATH:/usr/sbin:/sbin
export B=${B:-build}
unset SPOOLCAST_CONFIG SPOOLCAST_SPOOL
# shellcheck source=tests/bench/needs.bash
source tests/bench/needs.bash

better_sse=tests/bench/peers/node_modules/better-sse/package.json
fcgid=/usr/lib/apache2/modules/mod_fcgid.so

# A measurement is a row here and the file NAME.bash: name, what it needs, what
# it finds out.
measurements=(
	"return|lighttpd node|how viewers come back after a restart"
	"pages|apache2 $fcgid node curl openssl|what other pages of the host feel of us"
	"process|apache2 $fcgid curl openssl|what a viewer costs as a process"
	"fanout|taskset|what a delivery costs the responder alone"
	"instructions|valgrind callgrind_annotate readelf|what the responder executes itself"
	"cores|taskset|how much more two processes on two cores get done"
	"idle|strace|what viewers cost to whom nothing happens"
	"chain|taskset curl|what a delivery costs whole chains, ours and others"
	"slow|taskset|what viewers who never read cost the others"
	"dear|perl|what the dearest requests cost the viewer of another channel"
	"memory||what large records take of memory"
	"log||what it takes to come back to a log of 1 GB"
	"channels|taskset|what an append costs among many channels"
)

# What is smaller with QUICK=1.
declare -A quick=(
	[return]='VIEWERS=60'
	[pages]='REQUESTS=60'
	[process]='STARTS=30 SECONDS_EACH=2'
	[fanout]='SECONDS_EACH=1'
	[cores]='TIMES=1'
	[instructions]='EVENTS=40 IDLE=4'
	[chain]='SUBJECTS=nchan,lighttpd,nginx,direct VIEWERS=1,1000 BURST=300'
	[idle]='VIEWERS=2000 HEARTBEAT=4'
	[log]='LINES_EACH=2000000 WAITING=10'
	[channels]='EVENTS=2000'
	[dear]='SECONDS_EACH=1 MEGABYTES=128'
	[memory]='SECONDS_EACH=3'
)

# busy: prints the share of all cores that is in use now, and stolen, in percent.
busy()
{
	# shellcheck disable=SC2016 # of awk
	local at='{ print $2+$3+$4+$7+$8+$9, $5+$6; exit }' a b c d
	read -r a b < <(awk "$at" /proc/stat)
	sleep 1
	read -r c d < <(awk "$at" /proc/stat)
	echo $((100 * (c - a) / (c - a + d - b)))
}

version_of() # NAME COMMAND...: the first number in what COMMAND says
{
	command -v "$2" >/dev/null || return 0
	printf '%s %s, ' "$1" "$("${@:2}" 2>&1 | grep -oEm 1 \
		'[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1)"
}

machine()
{
	local cpu memory
	cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
	memory=$(awk '/^MemTotal/ { printf "%.0f", $2 / 2^20 }' /proc/meminfo)
	printf 'machine   %s, %s cores, %s GiB\n' "${cpu:-$(uname -m)}" \
		"$(nproc)" "$memory"
	printf 'system    Linux %s, %s\n' "$(uname -r)" \
		"$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)"
	{
		printf 'programs  '
		version_of spoolcast "$B/spoolcast" version
		version_of lighttpd lighttpd -v
		version_of Apache apache2 -v
		# shellcheck disable=SC2016 # of dpkg-query
		version_of mod_fcgid dpkg-query -W -f '${Version}' \
			libapache2-mod-fcgid
		version_of nginx nginx -v
		# shellcheck disable=SC2016 # of dpkg-query
		version_of nchan dpkg-query -W -f '${Version}' \
			libnginx-mod-nchan
		version_of node node --version
		[[ ! -e $better_sse ]] || version_of better-sse grep '"version"' "$better_sse"
		version_of Pushpin pushpin --version
	} | sed 's/, $//'
	echo
	printf 'noise     other programs used %s %% of the cores just now\n' \
		"$(busy)"
}

# smaller SETTING...: what is set already stays.
smaller()
{
	local setting
	for setting in ROUNDS=1 "$@"; do
		[[ -v ${setting%%=*} ]] || export "${setting?}"
	done
}

# measure NAME NEEDS WHAT
measure()
{
	local missing from=$SECONDS
	# shellcheck disable=SC2086 # words
	missing=$(missing_of $2)
	printf '\n== %s: %s\n' "$1" "$3"
	if [[ -n $missing ]]; then
		printf 'not measured, as this is missing: %s\n' "$missing"
		return 0
	fi
	printf '(%s %% of the cores were in use before it)\n\n' "$(busy)"
	(
		# shellcheck disable=SC2086 # words
		[[ -z ${QUICK:-} ]] || smaller ${quick[$1]:-}
		bash "tests/bench/$1.bash"
	) || {
		printf 'could not be measured\n'
		return 1
	}
	printf '\n(%s s)\n' $((SECONDS - from))
}

for name; do
	if [[ " ${measurements[*]%%|*} " != *" $name "* ]]; then
		printf 'no measurement "%s"; there are: %s\n' "$name" \
			"${measurements[*]%%|*}" >&2
		exit 1
	fi
done

status=0
machine
for row in "${measurements[@]}"; do
	IFS='|' read -r name needs what <<<"$row"
	if (($# == 0)) || [[ " $* " == *" $name "* ]]; then
		measure "$name" "$needs" "$what" || status=1
	fi
done
cat <<'END'

Cells are medians of the rounds, with the least and the largest in brackets.
Only what stands in one table was measured side by side; what others do on the
machine meanwhile moves all of it. Compare rows, and not tables of two days.
END
exit "$status"
