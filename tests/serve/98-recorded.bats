#!/usr/bin/env bats
# What is answered to many requests, byte for byte, is what it was.

load ../helpers/common

setup() { common_setup; }
teardown() { stop_all; }

@test "every recorded request is answered with the bytes of the record" {
	(($(find "$ROOT/tests/recorded/expected" -name '*.txt' | wc -l) > 30))
	"$ROOT/tests/recorded/record.sh"
}

@test "one byte that is another is shown" {
	cp -r "$ROOT/tests/recorded" "$T"
	sed -i '0,/nosniff/s//nosnuff/' "$T/recorded/expected/methods.txt"
	run -1 "$T/recorded/record.sh" methods
	same '-| X-Content-Type-Options: nosnuff\r' \
		"$(grep '^-[^-]' <<<"$output")"
}
