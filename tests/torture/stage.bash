# shellcheck shell=bash
# The stage of the torture test: a lighttpd with three doors to one spool. Behind
# /events are two responders that torture.mjs runs itself, behind /spawned two
# that lighttpd starts, and /cgi is plain CGI.
#
#	load ../helpers/common; load stage
#	torture SECONDS [OPTION OF torture.mjs...]

set_stage()
{
	# Streams end by themselves often, and come back soon.
	ini 'keep = 20' '[stream]' 'lifetime = 5s' 'retry = 100ms' \
		'reconnect_rate = 10000' '[channel brief]' 'keep = 1' \
		'[channel sized]' 'max_size = 8K' \
		'[channel alerts]' 'max_size = 8K' \
		'[channel jobs]' 'max_size = 32K'
	run_lighttpd 'server.modules =
			("mod_alias", "mod_setenv", "mod_cgi", "mod_fastcgi")' \
		"alias.url = (\"/cgi\" => \"$SPOOLCAST\")" \
		"\$HTTP[\"url\"] =~ \"^/cgi\" { cgi.assign = (\"\" => \"\")
			$(cgi_environment SPOOLCAST_CONFIG) }" \
		"fastcgi.server = (
			\"/events\" => (
				(\"socket\" => \"$T/serve-1.sock\",
				\"check-local\" => \"disable\"),
				(\"socket\" => \"$T/serve-2.sock\",
				\"check-local\" => \"disable\")),
			\"/spawned\" => ((
				\"bin-path\" => \"$SPOOLCAST\",
				\"socket\" => \"$T/spawned.sock\",
				\"max-procs\" => 2,
				\"check-local\" => \"disable\")))"
}

torture()
{
	local seconds=$1
	shift
	set_stage
	node "$ROOT/tests/torture/torture.mjs" --folder "$T" --spool "$SPOOL" \
		--program "$SPOOLCAST" --url "$ORIGIN" \
		--lighttpd "$LIGHTTPD_PID" --socket "$T/serve-1.sock" \
		--socket "$T/serve-2.sock" --seconds "$seconds" \
		--seed "${SEED:-}" "$@"
}
