# SPDX-License-Identifier: BSD-3-Clause
# Linux's e1000e drives our e1000e model: traffic by MSI-X and at MTU 9000, and ten lives.

host() {
	wire 20
	ip link set "$TAP" mtu 9000
	nic e1000e
	boot
}

guest() {
	set -- "by MSI-X: receive, transmit, link" vectors
	linux_has e1000e "$@"
	traffic 20
	step "MTU 9000" jumbo
	traffic 20 " in long frames"
	linux_lives e1000e 20 10 "$@"
	step "Linux has nothing to complain of" quiet
}

# Each vector is there, and those of traffic have been used.
vectors() {
	nic=$(interface_of e1000e)
	[ "$(grep -cE "$nic(-rx-0|-tx-0)?\$" /proc/interrupts)" = 3 ] &&
		used "$nic-rx-0" && used "$nic-tx-0"
}

used() {
	[ "$(awk -v name="$1" '$NF == name { print ($2 + $3 > 0) }' /proc/interrupts)" = 1 ]
}

jumbo() {
	nic=$(interface_of e1000e)
	net_down e1000e && ip link set "$nic" mtu 9000 && net_up e1000e &&
		ping -c 3 -W 5 -s 8000 "$HOST" >/dev/null
}

quiet() {
	quiet_log && ! dmesg | grep -E 'e1000e.*(Hang|[Ff]ail|[Ee]rror|timed out|not set|pending)'
}
