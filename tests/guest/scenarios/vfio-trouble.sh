# SPDX-License-Identifier: BSD-3-Clause
# A NIC in trouble while leat-fwd forwards: somebody resets it behind our back, somebody switches its
# memory decoding off. The port says so, is started or opened again, and the frames flow again; the
# other pair goes on. By the group and by iommufd, with registers that are mapped.

machine=vfio
programs=leat-fwd

host() {
	nics $(yes virtio-net,host_mtu=9000 | head -n 4)
	boot
}

guest() {
	devices=$(functions 1af4:1041)
	nic=/sys/bus/pci/devices/$(echo "$devices" | head -n 1)
	step "vfio-pci has them" give vfio-pci $devices
	for scheme in group iommufd; do
		# shellcheck disable=SC2046
		start fwd leat-fwd --reopen $(printf "$scheme:%s " $devices)
		step "$scheme: leat-fwd is at work" says fwd '^ +1 s'
		step "$scheme: frames flow" ask exchange count=2000 ways=0-1,1-0,2-3,3-2

		step "$scheme: a reset by somebody else" write 1 "$nic/reset"
		step "$scheme: the port notices" says fwd 'somebody else reset the device'
		step "$scheme: frames flow again" until_true 10 ask exchange count=2000 ways=0-1,1-0,2-3,3-2

		step "$scheme: memory decoding off" no_decoding
		step "$scheme: it does not start, and is given up" says fwd 'port 0 closed'
		step "$scheme: the others go on" ask exchange count=2000 ways=2-3,3-2
		step "$scheme: it is opened again" says fwd 'port 0 open again'
		step "$scheme: frames flow again" ask exchange count=2000 ways=0-1,1-0,2-3,3-2
		step "$scheme: leat-fwd ends well" stop fwd
		step "$scheme: all is told" grep -q '^port 0: lost: 1 times, restarted: 1 times$' /tmp/fwd.log
	done
	step "no DMA went astray" no_faults
}

write() { echo "$1" >"$2"; }

# The command register, beside VFIO, which does not see it: interrupts off, and all else. QEMU reads
# zeros then, where a machine would read ones.
no_decoding() { printf '\000\004' | dd of="$nic/config" bs=1 seek=4 conv=notrunc 2>/dev/null; }
