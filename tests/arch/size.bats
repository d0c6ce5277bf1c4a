#!/usr/bin/env bats
# The house rules that can be counted.

load ../helpers/common

setup() { common_setup; }

@test "no source file is longer than 500 lines" {
	run awk 'FNR == 501 { print FILENAME }' "$ROOT"/src/*.c \
		"$ROOT"/src/*/*.[ch] "$ROOT"/tests/*/*.[ch] \
		"$ROOT"/tests/*/*/*.[ch]
	same '' "$output"
}

@test "no function is longer than 60 lines, main() than 40" {
	local long
	long=$(cd "$ROOT" && ctags -R --languages=C --kinds-C=f --fields=+ne \
		-f - src | awk -F'\t' '{
			from = to = 0
			for (i = 4; i <= NF; i++) {
				if ($i ~ /^line:/) from = substr($i, 6)
				if ($i ~ /^end:/) to = substr($i, 5)
			}
			if (to - from + 1 > ($1 == "main" ? 40 : 60))
				print $2 ":" from " " $1
		}')
	same '' "$long"
}

@test "no line is wider than 80 columns" {
	run bash -c 'cd "$1" && for f in src/*.c src/*/*.[ch]; do
		expand "$f" | awk -v f="$f" "length > 80 { print f \":\" NR }"
	done' - "$ROOT"
	same '' "$output"
}

@test "nothing is left behind in the tree" {
	run grep -rnwE 'TO[D]O|FIX[M]E|X[X]X|#if [0]' "$ROOT/src" \
		"$ROOT/tests" --include='*.[ch]' --include='*.bats' \
		--include='*.sh'
	same '' "$output"
}

@test "C sources are formatted" {
	cd "$ROOT"
	clang-format --dry-run --Werror src/*.c src/*/*.[ch] tests/*/*.[ch] \
		tests/*/*/*.[ch]
}
