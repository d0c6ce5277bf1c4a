#!/usr/bin/env bats
# The guards that the compiler was asked for are in what was built.

load ../helpers/common

setup()
{
	common_setup
	[[ $SPOOLCAST != */asan/* ]] || skip "the sanitizers guard that one"
	STATIC=$ROOT/build/static/parts/spoolcast
}

# takes FLAG...: the compiler here knows them.
takes()
{
	echo | "${CC:-cc}" -Werror "$@" -fsyntax-only -x c - 2>/dev/null
}

@test "the program lies where it is not known before, and its tables are read-only" {
	readelf -hld "$SPOOLCAST" >"$T/elf"
	grep -q 'Type: *DYN' "$T/elf"
	grep -q GNU_RELRO "$T/elf"
	grep -qE 'FLAGS.*(BIND_NOW|NOW)' "$T/elf"
	# No stack that could be executed.
	grep -A 1 GNU_STACK "$T/elf" | grep -q 'RW '
}

@test "copies are checked against sizes, at the level that the C library has" {
	local level=2
	nm -D "$SPOOLCAST" >"$T/symbols"
	grep -q __stack_chk_fail "$T/symbols"
	grep -q __memcpy_chk "$T/symbols"
	grep -q __snprintf_chk "$T/symbols"
	echo 'int is_so[__USE_FORTIFY_LEVEL == 3 ? 1 : -1];' >"$T/level.c"
	! "${CC:-cc}" -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fsyntax-only \
		-include stdio.h "$T/level.c" 2>"$T/level.err" || level=3
	make -C "$ROOT" -n -B build/obj/main.o >"$T/make"
	grep -q -- "-D_FORTIFY_SOURCE=$level " "$T/make"
	make -C "$ROOT" -n -B build/static/parts/spoolcast >"$T/make"
	grep -q -- "-D_FORTIFY_SOURCE=$level " "$T/make"
}

@test "on x86 the program is marked as one that a shadow stack may guard" {
	local object
	takes -fcf-protection=return || skip "not on this machine"
	# Objects: the linker drops the mark where the C library has none.
	for object in "${SPOOLCAST%/*}" "${STATIC%/*}"; do
		readelf -n "$object/obj/main.o" >"$T/notes"
		grep -q SHSTK "$T/notes"
	done
}

@test "a large frame touches each page of the stack that it takes" {
	takes -fstack-clash-protection || skip "the compiler cannot"
	[[ $(uname -m) == x86_64 ]] || skip "it is not known how that looks here"
	objdump -d --no-show-raw-insn "$SPOOLCAST" "$STATIC" >"$T/code"
	same 2 "$(awk '/file format/ { name = $1 }
		/or[bwlq] .*\$0x0,.*\(%rsp\)/ { seen[name] = 1 }
		END { print length(seen) }' "$T/code")"
}

@test "a compiler without these guards builds without them, and says nothing" {
	# It refuses the flags, and has no level 3.
	cat >"$T/cc" <<-'END'
		#!/bin/sh
		for word; do
			case $word in
			-fcf-protection=return | -fstack-clash-protection) exit 1 ;;
			-D_FORTIFY_SOURCE=3) set -- "$@" -D_FORTIFY_SOURCE=2 ;;
			esac
		done
		exec cc "$@"
	END
	chmod +x "$T/cc"
	make -C "$ROOT" -s CC="$T/cc" B="$T/build" "$T/build/obj/main.o" \
		>"$T/out" 2>&1
	same '' "$(cat "$T/out")"
	make -C "$ROOT" -n CC="$T/cc" B="$T/none" "$T/none/obj/main.o" >"$T/make"
	grep -q -- '-D_FORTIFY_SOURCE=2 ' "$T/make"
	run ! grep -qE 'cf-protection|stack-clash' "$T/make"
}
