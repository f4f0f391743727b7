# SPDX-License-Identifier: BSD-3-Clause
# Linux's e1000e drives our e1000e model: traffic by MSI-X and at MTU 9000, and ten lives.

host() {
	wire 20
	ip link set "$TAP" mtu 9000
	nic e1000e
	boot
}

guest() {
	step "e1000e is bound" until_true 10 bound e1000e
	step "interface up" net_up e1000e
	step "ping" answers 3
	step "by MSI-X: receive, transmit, link" vectors
	step "20 MB from the host" tcp_in
	step "20 MB to the host" tcp_out 20
	step "MTU 9000" jumbo
	step "20 MB from the host in long frames" tcp_in
	step "20 MB to the host in long frames" tcp_out 20
	for cycle in $(seq 10); do
		step "cycle $cycle" another_life
	done
	step "20 MB from the host, again" tcp_in
	step "20 MB to the host, again" tcp_out 20
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

# The interface goes down and up, the function is taken from its driver and comes back.
another_life() {
	pci=$(readlink -f "/sys/class/net/$(interface_of e1000e)/device")
	net_down e1000e && net_up e1000e && answers &&
		rebind pci "${pci##*/}" e1000e && until_true 10 bound e1000e && net_up e1000e && answers
}

quiet() {
	quiet_log && ! dmesg | grep -E 'e1000e.*(Hang|[Ff]ail|[Ee]rror|timed out|not set|pending)'
}
