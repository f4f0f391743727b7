# SPDX-License-Identifier: BSD-3-Clause
# What scenarios with the kernel's VFIO use outside the guest: QEMU's own NICs behind an emulated
# IOMMU. Read by host.sh for `machine=vfio` and `machine=stock`.

ram=768M
words="intel_iommu=on hugepages=64"
iommu=intremap=on,aw-bits=48	# options of intel-iommu; `none`: a machine without one
[ "$machine" != stock ] || iommu=intremap=on
nic_bus=pcie.0			# where the root ports of NICs go
nics=0
wires=0
hub=				# a number: NICs with the same one hang on one cable inside QEMU
taps=				# a number: NICs are taps of so many queues, on one bridge of the host's

# nics MODEL[,OPTION=VALUE]...: a NIC each, called nic0, nic1, ..., with options of QEMU's device; its
# wire ends at tests/guest/peer, or at a hub. Each is behind a root port of its own, so that it can be
# unplugged; all e1000 behind one PCI bridge, where they share a group; with `bus=` elsewhere.
nics() {
	for nic; do
		model=${nic%%,*} options=${nic#"$model"}
		case $options in *,bus=*) ;; *) nic_slot ;; esac
		[ "$model" != virtio-net ] || model=virtio-net-pci,disable-legacy=on,iommu_platform=on
		device=$model,id=nic$nics,netdev=wire$nics,mac=52:54:00:00:00:0$nics,romfile=$options
		echo "$device" >"$dir/nic$nics.device"
		nic_args="$nic_args -device $device -netdev $(nic_wire)"
		[ -n "$hub$taps" ] || wires=$((wires + 1))
		nics=$((nics + 1))
	done
}

nic_wire() {
	if [ -n "$taps" ]; then
		bridged "tap$nics" >&2 || exit 1
		echo "tap,id=wire$nics,ifname=tap$nics,queues=$taps,vhost=off,script=no,downscript=no"
	elif [ -n "$hub" ]; then
		echo "hubport,id=wire$nics,hubid=$hub"
	else
		echo "stream,id=wire$nics,server=on,addr.type=unix,addr.path=$dir/wire$wires.sock"
	fi
}

# bridged NAME: a tap that speaks the virtio header, on the bridge of all of them. The host is silent there: a
# frame of its own, for a queue that is being started, makes QEMU leave others in the tap.
bridged() {
	echo 1 2>/dev/null >/proc/sys/net/ipv6/conf/default/disable_ipv6 || true
	[ "$nics" -gt 0 ] || ip link add bridge type bridge mcast_snooping 0
	ip tuntap add dev "$1" mode tap multi_queue vnet_hdr
	ip link set "$1" master bridge up
	ip link set bridge up
}

# queue_pairs OPTION: virtio-net on taps, with OPTION and four pairs of queues each. Two can hash and segment,
# two use descriptors in order, the last with one buffer a frame and without event words.
queue_pairs() {
	taps=4
	each=$1,mq=on,rss=on,hash=on,vectors=10,queue_reset=on,guest_uso4=on,guest_uso6=on
	plain=$1,mq=on,vectors=10,queue_reset=on,in_order=on,indirect_desc=off
	nics "virtio-net,$each" "virtio-net,$each" "virtio-net,$plain" "virtio-net,$plain,mrg_rxbuf=off,event_idx=off"
}

nic_slot() {
	if [ "$model" != e1000 ]; then
		nic_args="$nic_args -device pcie-root-port,id=port$nics,bus=$nic_bus,chassis=$((nics + 1)),slot=$((nics + 1))"
		options=",bus=port$nics$options"
		return
	fi
	case $nic_args in
	*pcie-pci-bridge*) ;;
	*) nic_args="$nic_args -device pcie-pci-bridge,id=bridge,bus=$nic_bus" ;;
	esac
	options=",bus=bridge,addr=$((nics + 1))$options"
}

# two_nodes: half of the memory and one CPU on each NUMA node. Call it first: node 0 and node 1 have PCI
# hosts of their own, so that nic_bus=node1 puts the NICs that follow near the second CPU.
two_nodes() {
	smp=2,sockets=2
	for node in 0 1; do
		node_args="${node_args:-} -object memory-backend-ram,id=ram$node,size=$((${ram%M} / 2))M
			-numa node,nodeid=$node,cpus=$node,memdev=ram$node"
		nic_args="$nic_args -device pxb-pcie,id=node$node,bus=pcie.0,bus_nr=$((64 + 64 * node)),numa_node=$node"
	done
}

# machine_args: QEMU's arguments in front of all NICs.
machine_args() {
	echo "-machine q35,kernel-irqchip=split ${node_args:-}"
	[ "$iommu" = none ] || echo "-device intel-iommu,caching-mode=on,$iommu"
	for socket in qmp asks; do
		echo "-chardev socket,id=$socket,path=$dir/$socket.sock,server=on,wait=off"
	done
	echo "-mon chardev=qmp,mode=control -serial chardev:asks"
}

# The other end of the wires, of QEMU's monitor and of ask() in the guest, until QEMU has ended.
start_peer() {
	python3 "$here/peer" "$dir" "$wires" >"$dir/peer.log" 2>&1 &
}
