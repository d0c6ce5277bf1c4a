#!/usr/bin/env bats
# What `make` says while it builds, and where it cannot.

load ../helpers/common

setup() { common_setup; }

# build OPTION...: one object, in a folder of its own.
build()
{
	run -"${WANTED:-0}" make -C "$ROOT" --no-print-directory B="$T/build" \
		"$@" "$T/build/obj/main.o"
}

@test "make tells what it makes, and by which command if asked" {
	build
	same "CC   $T/build/obj/main.o" "$output"
	rm -r "$T/build"
	build V=1
	[[ $output == *' -Wall '*' -c -o '*obj/main.o* ]]
	rm -r "$T/build"
	build -s
	same '' "$output"
}

@test "where a header is missing make says what to install, and nothing else" {
	WANTED=2 build CC='cc -nostdinc'
	[[ ${lines[0]} == "<ev.h> is missing: "*deps-build* ]]
	[[ $output != *error:* ]]
	[[ ! -e $T/build/have ]]
}

@test "where there is no compiler make says so" {
	WANTED=2 build CC=nothing-of-the-kind
	[[ ${lines[0]} == 'there is no C compiler nothing-of-the-kind: '* ]]
}
