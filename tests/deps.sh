#!/bin/sh
# tests/deps.sh deps-build | deps-demo | deps-check | deps-long | deps-bench
#
# Installs what a bare Debian 12 lacks for `make`, `make demo`, `make check`,
# `make check-long` or `make bench`.
# Says nothing and touches no network when nothing is missing.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)

say()
{
	printf 'deps: %s\n' "$*" >&2
}

die()
{
	say "$@"
	exit 1
}

has()
{
	command -v "$1" >/dev/null 2>&1
}

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

build='gcc make libc6-dev libfcgi-dev libinih-dev libev-dev'
demo="$build lighttpd"
check="$demo bats libcmocka-dev curl strace logrotate valgrind clang clang-tidy
	clang-format shellcheck mandoc chromium universal-ctags procps jq
	libclang-rt-14-dev util-linux bsdextrautils libfaketime
	apache2 libapache2-mod-fcgid nginx-light caddy h2o openssl
	lighttpd-mod-openssl lighttpd-mod-deflate bindfs e2fsprogs mount
	php-cli php-cgi systemd firefox-esr webkit2gtk-driver xvfb haproxy
	mini-httpd fcgiwrap libapache2-mod-evasive"
long="$check varnish golang-go golang-github-donovanhide-eventsource-dev"

bench="$demo apache2 libapache2-mod-fcgid curl openssl procps util-linux
	nginx-light libnginx-mod-nchan pushpin valgrind binutils"

mode=${1-}
case $mode in
deps-build) wanted=$build ;;
deps-demo) wanted=$demo ;;
deps-check) wanted=$check ;;
deps-long) wanted=$long ;;
deps-bench) wanted=$bench ;;
*) die "usage: tests/deps.sh deps-build|deps-demo|deps-check|deps-long|deps-bench" ;;
esac

# Prints those of "$@" that are not installed.
missing_of()
{
	for package; do
		case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
		*' installed') ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

# A web server that was only wanted for tests must neither start on port 80
# now nor at the next boot; one that was there before is left alone.
policy=/usr/sbin/policy-rc.d
policy_is_ours=no

hold_services()
{
	[ ! -e "$policy" ] || return 0
	policy_is_ours=yes
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
	as_root chmod 755 "$policy"
}

release_services()
{
	[ "$policy_is_ours" = yes ] || return 0
	policy_is_ours=no
	as_root rm -f "$policy"
}

# Prints those of "$@" that can be had.
known_of()
{
	for package; do
		if apt-cache show "$package" >/dev/null 2>&1; then
			printf '%s ' "$package"
		else
			say "there is no package $package here"
		fi
	done
}

install_packages()
{
	if [ "$(id -u)" -ne 0 ] && ! has sudo; then
		die "missing: $* (run as root, or install sudo)"
	fi
	say "installing $*"
	trap release_services EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	hold_services
	as_root apt-get update -q
	# The bench does without what cannot be had.
	if [ "$mode" = deps-bench ]; then
		# shellcheck disable=SC2046 # words
		set -- $(known_of "$@")
	fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
		--no-install-recommends "$@"
	release_services
	for package; do
		# An Apache that is there is not to count its visitors.
		[ "$package" != libapache2-mod-evasive ] ||
			as_root a2dismod -q evasive >/dev/null || true
	done
	has systemctl || return 0
	for package; do
		case $package in
		lighttpd | apache2 | caddy | h2o | pushpin | haproxy | \
			varnish | mini-httpd)
			service=$package
			;;
		fcgiwrap) service='fcgiwrap.socket fcgiwrap.service' ;;
		nginx-light) service=nginx ;;
		*) continue ;;
		esac
		# shellcheck disable=SC2086 # words
		as_root systemctl disable --quiet $service || true
		# Comes with it.
		[ "$service" != pushpin ] ||
			as_root systemctl disable --quiet zurl || true
	done
}

if has dpkg-query; then
	# shellcheck disable=SC2086 # the lists are made of words
	missing=$(missing_of $wanted)
	case $mode in
	deps-check | deps-long | deps-bench)
		has node || missing="$missing nodejs"
		has npm || missing="$missing npm"
		;;
	esac
	if [ -n "$missing" ]; then
		# shellcheck disable=SC2086
		install_packages $missing
	fi
else
	# shellcheck disable=SC2086
	say "no Debian here; what is needed is what these packages hold:" \
		$wanted
fi

# npm_install FOLDER: what its lock file says; a copy of that file says what is
# in node_modules.
npm_install()
{
	! cmp -s "$1/package-lock.json" "$1/node_modules/.installed" || return 0
	(cd "$1" && npm ci --no-audit --no-fund --ignore-scripts) >&2
	cp "$1/package-lock.json" "$1/node_modules/.installed"
}

case $mode in
deps-check | deps-long) npm_install "$root/tests/web" ;;
deps-bench) npm_install "$root/tests/bench/peers" ;;
esac
