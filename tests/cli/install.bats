#!/usr/bin/env bats
# make install: what it leaves, and that it works from there.

load ../helpers/common

setup()
{
	common_setup
	local build=${SPOOLCAST%/spoolcast}
	# As make has it, or what it writes down of dependencies is another file's.
	make -C "$ROOT" -s install DESTDIR="$T/root" PREFIX=/opt/sc \
		B="${build#"$ROOT/"}" >/dev/null
	TOP=$T/root/opt/sc
}

@test "the program runs under both names" {
	same "$("$SPOOLCAST" version)" "$("$TOP/bin/spoolcast" version)"
	echo hello >"$SPOOL/news"
	touch "$SPOOL/news.end"
	REQUEST_METHOD=GET REQUEST_URI='/news?history=1' \
		"$TOP/bin/spoolcast.fcgi" >"$T/out"
	grep -qx 'data: hello' "$T/out"
}

@test "manuals, samples, completion and units are there" {
	local file
	for file in man/man1/spoolcast.1 man/man5/spoolcast.ini.5 man/man5/spoolcast.spool.5 \
		doc/spoolcast/spoolcast.ini doc/spoolcast/README.md \
		bash-completion/completions/spoolcast; do
		[[ -s $TOP/share/$file ]]
	done
	[[ -s $TOP/lib/systemd/system/spoolcast.socket ]]
}

@test "the unit starts what was installed, without a file that nobody makes" {
	local unit=$TOP/lib/systemd/system/spoolcast.service
	grep -qx 'ExecStart=/opt/sc/bin/spoolcast serve' "$unit"
	run ! grep -q '@PREFIX@\|^Exec.* -c ' "$unit"
}

@test "the spool that the unit may write to is the one that tmpfiles.d makes" {
	local unit=$TOP/lib/systemd/system/spoolcast.service folder
	folder=$(sed -n 's/^Environment=SPOOLCAST_SPOOL=//p' "$unit")
	grep -qx "ReadWritePaths=-$folder" "$unit"
	[[ -x $(command -v systemd-tmpfiles) ]] || skip "there is no systemd"
	((EUID == 0)) || skip "not root, so no folder is www-data's"
	# It looks up users in there.
	mkdir -p "$T/made/etc"
	cp /etc/passwd /etc/group "$T/made/etc/"
	systemd-tmpfiles --root="$T/made" --create - \
		<"$TOP/lib/tmpfiles.d/spoolcast.conf"
	same 'www-data www-data 2775' "$(stat -c '%U %G %a' "$T/made$folder")"
}

# complete WORD...: what bash offers for the last word.
complete_words()
{
	bash -c '. "$1"; COMP_WORDS=("${@:2}"); COMP_CWORD=$(($# - 2))
		_spoolcast; printf "%s\n" "${COMPREPLY[@]}"' - \
		"$TOP/share/bash-completion/completions/spoolcast" "$@" | xargs
}

@test "bash completes verbs, options and channels" {
	touch "$SPOOL/news" "$SPOOL/nightly.sse"
	same publish "$(complete_words "$TOP/bin/spoolcast" pub)"
	same 'news nightly' "$(complete_words "$TOP/bin/spoolcast" publish n)"
	same 'news nightly' "$(complete_words "$TOP/bin/spoolcast" rotate n)"
	same rotate "$(complete_words "$TOP/bin/spoolcast" help r)"
	same --listen "$(complete_words "$TOP/bin/spoolcast" serve --l)"
}
