# shellcheck shell=bash
# Completion for bash: verbs, their options, and channels for publish.

_spoolcast()
{
	local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]-} verbs
	local program=${COMP_WORDS[0]} spool options

	if ((COMP_CWORD == 1)); then
		verbs=$("$program" help 2>/dev/null | sed -n 's/^  \([a-z]*\)  .*/\1/p')
		mapfile -t COMPREPLY < <(compgen -W "$verbs --help --version" -- "$word")
		return
	fi
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-c)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	esac
	case $verb in
	serve)
		mapfile -t COMPREPLY < <(compgen -W '--listen --group --mode --processes -c --help' -- "$word")
		;;
	publish | rotate)
		options='-c --json --help'
		[[ $verb == rotate ]] || options="-e -f -i -r --ttl --end $options"
		spool=$("$program" check 2>/dev/null | sed -n 's/^spool.path = //p')
		mapfile -t COMPREPLY < <(compgen -W "$options $(
			cd "$spool" 2>/dev/null && printf '%s\n' [A-Za-z0-9]* |
				sed 's/\..*//' | sort -u)" -- "$word")
		;;
	help)
		mapfile -t COMPREPLY < <(compgen -W 'serve publish check rotate help version settings' -- "$word")
		;;
	check | version)
		mapfile -t COMPREPLY < <(compgen -W '-c --json --help' -- "$word")
		;;
	esac
}

complete -F _spoolcast spoolcast
