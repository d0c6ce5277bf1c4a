#!/usr/bin/env bats
# What every verb has in common: help, version, exit codes, output that fails.

# shellcheck disable=SC2016 # bash -c expands "$@"
# shellcheck disable=SC2154 # run sets $stderr

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	SPOOLCAST=${SPOOLCAST:-$BATS_TEST_DIRNAME/../../build/spoolcast}
	MAN=$BATS_TEST_DIRNAME/../../src/spoolcast.1
	export HOME=$BATS_TEST_TMPDIR SPOOLCAST_SPOOL=$BATS_TEST_TMPDIR/spool
	unset SPOOLCAST_CONFIG REQUEST_METHOD LISTEN_FDS LISTEN_PID
	mkdir spool
}

# The verbs as help lists them, or a failure if it lists none.
verbs() {
	"$SPOOLCAST" help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p' | grep .
}

# refused TEXT ARG ...: wrong usage, nothing on stdout, TEXT on stderr.
refused() {
	local text=$1
	shift
	run --separate-stderr "$SPOOLCAST" "$@"
	echo "status $status: $stderr"
	[ "$status" -eq 100 ]
	[ -z "$output" ]
	[[ "$stderr" == *"$text"* ]]
}

@test "no verb: help on standard error, exit 100" {
	refused "usage: spoolcast VERB"
	refused "usage: spoolcast VERB" --json
	refused "usage: spoolcast VERB" -c nowhere.ini
}

@test "help lists the verbs on standard output" {
	run --separate-stderr "$SPOOLCAST" help
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(verbs | xargs)" = "serve publish check rotate help version" ]
	[ "$("$SPOOLCAST" --help)" = "$output" ]
}

@test "every verb explains itself, by help and by --help" {
	list=$(verbs)
	for verb in $list; do
		run --separate-stderr "$SPOOLCAST" help "$verb"
		[ "$status" -eq 0 ]
		[[ "$output" == "usage: spoolcast $verb"* ]]
		[ "$("$SPOOLCAST" "$verb" --help)" = "$output" ]
		[ "$("$SPOOLCAST" --help "$verb")" = "$output" ]
	done
}

@test "every verb of help is in the man page, and no other" {
	list=$(verbs)
	for verb in $list; do
		grep -qx "\.It Cm $verb" "$MAN"
		grep -qx "\.Cm $verb" "$MAN"
	done
	[ "$(sed -n 's/^\.It Cm //p' "$MAN" | sort | xargs)" = \
		"$(verbs | sort | xargs)" ]
}

@test "every option that help shows is in the man page" {
	text=$(mandoc -Tascii "$MAN" | col -b)
	list=$(verbs)
	for verb in $list; do
		for option in $("$SPOOLCAST" help "$verb" |
			sed -n 's/^  \(--*[a-z]*\) .*/\1/p'); do
			grep -q -- "$option" <<<"$text"
		done
	done
	[ -n "$option" ]
}

@test "the man page has no warnings" {
	run mandoc -Tlint -Wwarning "$MAN"
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "version is printed by the verb and by the option of any verb" {
	run --separate-stderr "$SPOOLCAST" version
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^spoolcast\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	[ "$("$SPOOLCAST" --version)" = "$output" ]
	list=$(verbs)
	for verb in $list; do
		[ "$("$SPOOLCAST" "$verb" --version)" = "$output" ]
	done
	[ "spoolcast $("$SPOOLCAST" version --json | jq -r .version)" = \
		"$output" ]
}

@test "an unknown verb is refused, with the nearest one if it is near" {
	refused "did you mean publish?" pubish
	refused "did you mean serve?" sevre
	refused "did you mean check?" chekc
	refused "did you mean version?" help verison
	run --separate-stderr "$SPOOLCAST" frobnicate
	[ "$status" -eq 100 ]
	[[ "$stderr" == *"unknown verb frobnicate"* ]]
	[[ "$stderr" != *"did you mean"* ]]
	refused "unknown verb" ""
	refused "unknown verb" "$(printf 'x%.0s' {1..5000})"
}

@test "unknown options and missing values are named" {
	refused "unknown option --frob" --frob
	refused "unknown option --frob" publish --frob news x
	refused "unknown option -x" publish -x news x
	refused "unknown option -x" version -x
	refused "-c needs a value" -c
	refused "-c needs a value" publish news x -c
	refused "-e needs a value" publish news x -e
	refused "unknown option -x" rotate -x
	refused "too many arguments" version 1
	refused "too many arguments" help help help
	refused "spoolcast help publish" publish
}

@test "common options may stand anywhere before --" {
	printf '[spool]\npath = %s/other\n' "$PWD" >conf.ini
	unset SPOOLCAST_SPOOL
	mkdir other
	"$SPOOLCAST" -c conf.ini publish news 1
	"$SPOOLCAST" publish -c conf.ini news 2
	"$SPOOLCAST" publish news 3 -cconf.ini
	"$SPOOLCAST" publish -c conf.ini -- news -c
	printf '1\n2\n3\n-c\n' | cmp - other/news
	[ "$("$SPOOLCAST" --json version)" = "$("$SPOOLCAST" version --json)" ]
}

@test "a configuration that is wrong is told in full, exit 100" {
	printf '[spool]\nmax_record = 1\n[nowhere]\nx = 1\n' >conf.ini
	refused "conf.ini:2" publish -c conf.ini news x
	[[ "$stderr" == *"conf.ini:3"* || "$stderr" == *"conf.ini:4"* ]]
	[ -z "$(ls spool)" ]
	refused "nowhere.ini" publish -c nowhere.ini news x
}

@test "help settings is a configuration that changes nothing" {
	"$SPOOLCAST" help settings >conf.ini
	grep -q '^\[spool\]' conf.ini
	"$SPOOLCAST" publish -c conf.ini news x
	printf 'x\n' | cmp - spool/news
	refused "there is no --json" help --json
}

@test "output that cannot be written is exit 111" {
	for args in help "help serve" "help settings" version "version --json"; do
		# shellcheck disable=SC2086 # split on purpose
		run --separate-stderr bash -c '"$@" >/dev/full' - \
			"$SPOOLCAST" $args
		[ "$status" -eq 111 ]
		[[ "$stderr" == *"standard output: No space left"* ]]
		# shellcheck disable=SC2086 # split on purpose
		run --separate-stderr bash -c '"$@" >&-' - "$SPOOLCAST" $args
		[ "$status" -eq 111 ]
	done
}
