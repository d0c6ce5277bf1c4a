#!/bin/sh
# loadavg.sh [FILE]
#
# Appends the load average of the last minute to FILE (spool/load), one line a
# second.  This is all that a publisher has to be.
set -eu

file=${1:-spool/load}
while read -r load _ </proc/loadavg; do
	echo "$load" >>"$file"
	sleep 1
done
