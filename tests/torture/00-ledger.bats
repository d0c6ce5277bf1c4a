#!/usr/bin/env bats
# What judges the torture test: it accepts what is right, and finds each way in
# which it may be wrong.

load ../helpers/common

setup() { common_setup; }

accepts()
{
	local one
	for one; do
		run -0 node "$ROOT/tests/torture/ledger-cases.mjs" "$one"
		same '' "$output"
	done
}

# finds CASE TEXT: with one complaint.
finds()
{
	run -1 node "$ROOT/tests/torture/ledger-cases.mjs" "$1"
	same 1 "$(grep -cE '^viewer|^[ab][0-9]? ' <<<"$output")"
	[[ $output == *"$2"* ]] || same "$2" "$output"
}

@test "what is right is accepted, a record that may be missing among it" {
	accepts right newcomer 'whole record'
}

@test "a duplicate is found" {
	finds duplicate 'a duplicate of a 2'
	finds 'disk with a record twice' 'b 1 is there twice'
}

@test "a loss is found, wherever it is" {
	finds loss 'b 2 missing, and no gap'
	finds 'loss at the end' 'a 6 missing'
	finds 'loss at the start' 'a 1 missing'
	finds 'newcomer that loses' 'a 4 missing'
	run -1 node "$ROOT/tests/torture/ledger-cases.mjs" nothing
	[[ $output == *'a 1 to 6 (5) missing'*'b 1 to 4 (4) missing'* ]]
}

@test "a reorder and a replay are found" {
	run -1 node "$ROOT/tests/torture/ledger-cases.mjs" reorder
	[[ $output == *'a duplicate of'* || $output == *'when'* ]]
	run -1 node "$ROOT/tests/torture/ledger-cases.mjs" replay
	[[ $output == *'a 1 comes when 4 is due'* ]]
	finds 'disk out of order' 'a 1 is out of order'
}

@test "a gap that accounts for what is missing is accepted" {
	accepts 'gap that is right' 'gap at the end' 'gap, two in a row' \
		'gap (replaced) that may replay' 'bytes lost, and a gap' \
		'bytes that come again, and a gap'
}

@test "a gap that was not needed is found" {
	run -1 node "$ROOT/tests/torture/ledger-cases.mjs" 'gap without need'
	[[ $output == *'the segment of its place was kept'* ]]
	finds 'gap for a reason that is none' 'a gap (unknown), but nothing'
}

@test "a gap that does not account for just what is missing is found" {
	finds 'gap that passes over a segment' 'passed over 1 segments'
	run -1 node "$ROOT/tests/torture/ledger-cases.mjs" \
		'gap into the middle of a segment'
	[[ $output == *'its segment begins with a 3'* ]]
	finds 'gap before a loss' 'b 2 missing'
	run -1 node "$ROOT/tests/torture/ledger-cases.mjs" 'gap after a loss'
	[[ $output == *'a 2 missing'* ]]
	finds 'gap (replaced) that replays in part' 'a 3 missing'
	run -1 node "$ROOT/tests/torture/ledger-cases.mjs" 'gap that replays'
	[[ $output == *'comes again behind a gap (expired)'* ]]
	run -1 node "$ROOT/tests/torture/ledger-cases.mjs" \
		'gap (replaced) that replays'
	[[ $output == *'comes again behind a gap (replaced)'* ]]
}

@test "bytes that a rotation has lost need a gap where they were" {
	finds 'bytes lost without a gap' 'a 3 missing, and no gap'
	finds 'bytes lost behind a gap' 'a 3 missing, and no gap'
}

@test "a torn, a merged and a foreign record are found" {
	finds 'torn record' 'a torn, merged or foreign record'
	finds 'merged record' 'a torn, merged or foreign record'
	finds 'record with a foreign line' 'a torn, merged or foreign record'
	finds 'record of another type' 'a torn, merged or foreign record'
	finds 'record of nobody' 'a torn, merged or foreign record'
	finds 'record without an id' 'an event without an id'
	finds 'pieces of two' 'a torn, merged or foreign record'
}

@test "what a killed writer has left is no fault, and what it swallowed none" {
	accepts 'piece of a killed writer' \
		"piece of a killed writer, and another's record" \
		'piece too short to tell whose'
}
