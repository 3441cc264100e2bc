# Shared by deploy/run and deploy/test: messages, packages, builds.
# shellcheck shell=bash
# The caller sets root to the checkout.

say() { printf '%s\n' "$*" >&2; }
step() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
fail() { # MESSAGE [EXIT CODE]
	printf 'deploy: %s\n' "$1" >&2
	exit "${2:-1}"
}

# packages SECTION…: the packages of these sections of deploy/packages.
packages() {
	local section
	for section in "$@"; do
		awk -v want="# $section" '/^#/ { on = ($0 == want); next } NF && on' "$root/deploy/packages"
	done
}

node_is_enough() {
	command -v node >/dev/null && command -v npm >/dev/null &&
	    [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ]
}

# enabled_services: what the next boot starts, a name a line; nothing without systemd.
enabled_services() {
	! command -v systemctl >/dev/null ||
	    systemctl list-unit-files --type=service,socket,timer --state=enabled --no-legend 2>/dev/null |
	    awk '{ print $1 }' | sort
}

# install_packages SECTION…: installs what is missing, asks nothing.
install_packages() {
	local missing=() name sudo= log
	while read -r name; do
		case $name in
		nodejs | npm) node_is_enough && continue ;;
		esac
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
		    missing+=("$name")
	done < <(packages "$@" | sort -u)
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null ||
		    fail "these packages are missing and only root can install them: ${missing[*]}" 69
		sudo=sudo
	fi
	step "installing ${#missing[@]} Debian packages: ${missing[*]}"
	log=$(mktemp)
	# Tests want nginx, sshd and others as programs: apt must not start them as
	# services, now or at the next boot.
	local policy=/usr/sbin/policy-rc.d status=0 before service
	before=$(enabled_services)
	[ ! -e "$policy" ] || policy=
	[ -z "$policy" ] || printf '#!/bin/sh\nexit 101\n' | $sudo install -m 755 /dev/stdin "$policy"
	{ $sudo apt-get update -q && $sudo env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -qy --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null || status=$?
	[ -z "$policy" ] || $sudo rm -f "$policy"
	for service in $(comm -13 <(printf '%s\n' "$before") <(enabled_services)); do
		$sudo systemctl disable -q "$service" >>"$log" 2>&1 || status=$?
	done
	if [ "$status" != 0 ]; then
		tail -n 20 "$log" >&2
		fail "apt-get could not install the packages above" 69
	fi
	rm -f "$log"
}

# build_tree DIR OPTION…: configures DIR once with these options and builds it.
build_tree() {
	local dir=$1 log=$1/build.log
	shift
	mkdir -p "$dir"
	if [ ! -f "$dir/build.ninja" ]; then
		meson setup "$dir" "$root" "$@" >"$log" 2>&1 || {
			tail -n 20 "$log" >&2
			fail "meson setup failed, see $log"
		}
	fi
	ninja -C "$dir" >"$log" 2>&1 || {
		grep -E -A12 'error|FAILED' "$log" | head -n 60 >&2
		fail "the build failed, see $log"
	}
}

# npm_modules FOLDER WHAT: installs what a folder's lock file names.
npm_modules() {
	local modules=$root/$1/node_modules/.package-lock.json
	if [ ! -f "$modules" ] || [ "$root/$1/package-lock.json" -nt "$modules" ]; then
		step "installing $2 npm packages"
		(cd "$root/$1" && npm ci --no-audit --no-fund --loglevel=error) >&2 ||
		    fail "npm ci failed in $1/"
		touch "$modules"
	fi
}

# build_web: installs the dashboard's packages and bundles it into web/dist.
build_web() {
	npm_modules web "the dashboard's"
	(cd "$root/web" && npm run --silent build) >&2 || fail "the dashboard did not build"
}
