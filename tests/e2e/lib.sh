# lib.sh - what the end-to-end tests share. Sourced by each, with bash.
#
# A test works in $work, which goes away with everything started by start(). Programs run as an
# ordinary user, also when root runs the test: user COMMAND...
# shellcheck shell=bash

set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin	# what every user may run
: "${LEAT_BIN:?the folder of the built programs}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
chmod 755 "$work"
pids=()
cleanups=()

finish() {
	local pid
	for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null; done
	wait 2>/dev/null
	local i
	for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do eval "${cleanups[i]}"; done
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# at_end 'COMMAND': also on failure, last first.
at_end() { cleanups+=("$1"); }

ok() { echo "ok $1"; }
fail() { echo "FAIL $1: $2"; }
skip() { echo "skip $1: $2"; }

if [ "$(id -u)" = 0 ]; then
	chown 65534:65534 "$work"
	user() { setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all -- "$@"; }
else
	user() { "$@"; }
fi

# start VARIABLE LOG COMMAND...: in the background, as an ordinary user; its pid in VARIABLE.
# (A function in the background runs in a subshell: exec keeps the pid the program's own.)
start() {
	local variable=$1 log=$2
	shift 2
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all -- "$@" >"$log" 2>&1 &
	else
		"$@" >"$log" 2>&1 &
	fi
	printf -v "$variable" '%s' $!
	pids+=($!)
}

# stop PID [SIGNAL]: end it and return its status; at most 10 s, then it is killed (status 137).
stop() {
	local pid=$1 i
	kill -"${2:-TERM}" "$pid" 2>/dev/null
	for ((i = 0; i < 200; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}

# until_true SECONDS COMMAND...: poll it.
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" 2>/dev/null; do
		[ $SECONDS -ge $end ] && return 1
		sleep 0.05
	done
}

# cpu N: the N-th CPU we may use, counting from 0, and again from the first when there are fewer.
cpu() {
	local list
	mapfile -t list < <(taskset -pc $$ | sed 's/.*: //' | tr ',' '\n' | while IFS=- read -r a b; do seq "$a" "${b:-$a}"; done)
	echo "${list[$(($1 % ${#list[@]}))]}"
}
