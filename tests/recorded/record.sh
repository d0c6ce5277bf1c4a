#!/bin/bash
# tests/recorded/record.sh [--write] [SCENE...]
#
# Plays the requests of scenes.mjs against the program $SPOOLCAST and compares all
# that comes with expected/SCENE.txt; fails where anything differs, and shows how.
# With --write, what comes is what is expected from now on: write it by a tree
# before a change, compare it by the tree after.
set -u

here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
SPOOLCAST=${SPOOLCAST:-$here/../../build/spoolcast}
export SPOOLCAST
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT

writes=no
if [[ ${1-} == --write ]]; then
	writes=yes
	shift
fi
node "$here/play.mjs" "$out" "$@" || exit 1
if [[ $writes == yes ]]; then
	(($# > 0)) || rm -f "$here/expected"/*.txt
	cp "$out"/*.txt "$here/expected/"
elif (($# == 0)); then
	diff -ru "$here/expected" "$out"
else
	for scene; do
		diff -u "$here/expected/$scene.txt" "$out/$scene.txt" || exit 1
	done
fi
