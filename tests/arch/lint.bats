#!/usr/bin/env bats
# Compilers and linters have nothing to say.

load ../helpers/common

setup()
{
	common_setup
	cd "$ROOT" || return
	flags=(-std=c17 -D_GNU_SOURCE '-DSPOOLCAST_VERSION="0"' -Isrc -Itests
		-Wall -Wextra -Wpedantic -Wshadow -Wconversion
		-Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings
		-Wformat=2 -Wundef -Wvla -Wimplicit-fallthrough -Werror)
	sources=(src/*.c src/*/*.c)
	programs=(tests/unit/*.c tests/helpers/*.c tests/fuzz/*.c
		tests/fuzz/disorder/*.c tests/bench/*.c tests/soak/*.c)
}

compile() # COMPILER FILE...
{
	local compiler=$1 file
	shift
	for file; do
		"$compiler" "${flags[@]}" -O2 -c -o /dev/null "$file"
	done
}

@test "the warnings tested here are those of the Makefile" {
	local flag
	for flag in "${flags[@]}"; do
		case $flag in
		-Werror | -I* | -D* | -std*) ;;
		*) grep -qwF -- "$flag" Makefile ;;
		esac
	done
}

@test "gcc has no warning for the program" {
	compile gcc "${sources[@]}"
}

@test "clang has no warning for the program" {
	compile clang "${sources[@]}"
}

@test "gcc and clang have no warning for the tests" {
	# A fuzzer's entry has no prototype anywhere.
	flags+=(-Wno-missing-prototypes)
	compile gcc "${programs[@]}"
	compile clang "${programs[@]}"
}

@test "clang-tidy finds nothing" {
	printf '%s\n' "${sources[@]}" | xargs -P 2 -n 12 sh -c '
		clang-tidy --quiet "$@" -- -std=c17 -D_GNU_SOURCE \
			-DSPOOLCAST_VERSION="\"0\"" -Isrc 2>/dev/null' -
}

@test "shellcheck finds nothing" {
	shellcheck -x tests/*.sh tests/bench/*.{sh,bash} tests/torture/*.sh \
		tests/soak/*.sh tests/fuzz/disorder/*.sh \
		tests/recorded/*.sh .ci/run examples/*.sh
	shellcheck -x -s bash tests/helpers/*.bash tests/torture/*.bash
	shellcheck -x tests/*/*.bats
}

@test "the man pages are well-formed" {
	mandoc -Tlint -Wwarning src/*.[15]
}
