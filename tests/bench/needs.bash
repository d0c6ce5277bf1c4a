# shellcheck shell=bash
# What a measurement needs that may be missing.

# missing_of NEED...: prints those commands and files that are not there.
missing_of()
{
	local need
	for need; do
		if [[ ! -e $need ]] && ! command -v "$need" >/dev/null; then
			printf '%s ' "${need##*/}"
		fi
	done
}
