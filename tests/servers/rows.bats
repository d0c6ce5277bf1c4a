#!/usr/bin/env bats
# Two web servers in a row: nothing is swallowed or held back by either.  The
# whole matrix takes long; `make check-long` has it, by EVERY=1.

load ../helpers/common
load ../helpers/matrix
load ../helpers/servers
load ../helpers/apache
load ../helpers/fronts

FRONTS=(nginx apache caddy haproxy varnish)

teardown()
{
	if [[ -n ${APACHE_PID:-} ]]; then
		apache_teardown
	else
		servers_stop
	fi
}

# row_of FRONT...: each of them, or with EVERY all there are, in front of what
# was started.
row_of()
{
	local front fronts=("$@")
	[[ -z ${EVERY:-} ]] || fronts=("${FRONTS[@]}")
	((${#fronts[@]} > 0)) || skip 'make check-long has it'
	for front in "${fronts[@]}"; do
		echo "behind $front"
		row_holds "$front"
	done
}

# before COMMAND...: with heartbeats by which servers notice that a viewer left.
before()
{
	HEARTBEAT=300ms matrix_ini
	"$@"
}

@test "in front of nginx" {
	servers_setup
	before start_nginx
	row_of nginx caddy
}

@test "in front of lighttpd, which starts the responder" {
	servers_setup
	before start_lighttpd_spawned
	row_of nginx caddy
}

@test "in front of lighttpd with a responder of its own" {
	servers_setup
	before start_lighttpd_external
	row_of
}

@test "in front of Caddy" {
	servers_setup
	before start_caddy
	row_of haproxy
}

@test "in front of h2o" {
	servers_setup
	before start_h2o_spawned
	row_of apache
}

@test "in front of Apache with mod_proxy_fcgi" {
	common_setup
	apache_setup
	echo "$T" >"$T/examples/here.html"
	before start_apache_proxy
	row_of caddy
}
