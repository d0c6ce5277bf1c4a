#!/bin/sh
# loadavg.sh [FILE]
#
# Appends the load average of the last minute to FILE (spool/load), one line a
# second.  A publisher needs no more than this.
set -eu

file=${1:-spool/load}
while read -r load _ </proc/loadavg; do
	echo "$load" >>"$file"
	sleep 1
done
