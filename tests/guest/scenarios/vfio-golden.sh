# SPDX-License-Identifier: BSD-3-Clause
# What the kernel's VFIO answers for six kinds of NICs, by group and by iommufd: as measured by hand
# (features 0.1), by `leat info` and by programs of the test; the same both ways. No driver of ours is
# involved. Then the answers of an IOMMU domain to good and bad maps, interrupts by loopback and by
# hardware, low power, resets, and virtual functions with a token.

machine=vfio
programs="leat probe-golden probe-dma probe-irq probe-power probe-reset probe-token"

TOKEN=12345678-9abc-def0-1234-56789abcdef0

host() {
	nics virtio-net e1000e igb vmxnet3 e1000 e1000 e1000,bus=pcie.0,addr=0x1e
	boot
}

guest() {
	net=$(functions 1af4:1041) e1000e=$(functions 8086:10d3) igb=$(functions 8086:10c9)
	vmxnet3=$(functions 15ad:07b0)
	set -- $(functions 8086:100e)
	lone=$1 first=$2 second=$3

	step "virtual functions" write 2 "/sys/bus/pci/devices/$igb/sriov_numvfs"
	set -- $(functions 8086:10ca)
	vf=$1
	step "vfio-pci has them" give vfio-pci "$net" "$e1000e" "$vmxnet3" "$lone" "$first" "$second" "$vf"

	kinds virtio-net "$net" e1000e "$e1000e" igbvf "$vf" vmxnet3 "$vmxnet3" e1000 "$first"
	members=$(ls "/sys/bus/pci/devices/$first/iommu_group/devices" | wc -l)
	step "the bridge is in the group" [ "$members" = 3 ]

	for way in group iommufd; do
		step "DMA by $way" probe dma $way:$e1000e
		step "interrupts of e1000e by $way" probe irq $way:$e1000e e1000e
		step "interrupts of igbvf by $way" probe irq $way:$vf igbvf
		step "interrupts of e1000 by $way" probe irq $way:$lone e1000
		step "low power by $way" probe power $way:$e1000e
		step "reset of two by $way" probe reset $way:$first $way:$second $way:$lone
	done
	step "DMA: the same by both" alike dma

	# The PF goes last: with it go its functions
	step "no virtual functions" write 0 "/sys/bus/pci/devices/$igb/sriov_numvfs"
	step "vfio-pci has the PF" give vfio-pci "$igb"
	kinds igb "$igb"
	step "users may have virtual functions" write 1 /sys/module/vfio_pci/parameters/enable_sriov
	step "a token" probe token "$igb" "$vf" "$TOKEN"
}

write() { echo "$1" >"$2"; }

# probe JOB ARGUMENT...: its lines are kept by job and way.
probe() (
	set -o pipefail
	job=$1
	shift
	"probe-$job" "$@" | tee "/tmp/$job.$way"
)

alike() { cmp "/tmp/$1.group" "/tmp/$1.iommufd"; }

# kinds (KIND ADDRESS)...: as they should be, and the same both ways.
kinds() {
	while [ $# -gt 0 ]; do
		for way in group iommufd; do
			step "$1 by $way" probe golden "$way:$2" "$1"
			leat info "$way:$2" >"/tmp/$way" || say "FAIL leat info $way:$2"
			grep -v '^mode:' "/tmp/$way" >"/tmp/$way.info"
		done
		step "$1: the same by both" alike golden
		step "$1: leat info is the same by both" cmp /tmp/group.info /tmp/iommufd.info
		step "$1: leat info says what is known" known "$1"
		shift 2
	done
}

# known KIND: are all its lines in what leat info said?
known() {
	{ lines "$1"; lines any; } >/tmp/golden
	while IFS= read -r line; do
		grep -qxF "$line" /tmp/group.info && continue
		say "no line '$line' in"
		cat /tmp/group.info
		return 1
	done </tmp/golden
}

lines() {
	case $1 in
	any) cat <<-'END' ;;
		irq: kind=req count=1 flags=eventfd,noresize
		low_power: yes
		page_size: 4096
		iova: 0x0-0xfedfffff 0xfef00000-0xffffffffffff
	END
	virtio-net) cat <<-'END' ;;
		id: 1af4:1041
		features: 3 4 5
		command: 0x0103
		can_reset: yes
		reset_methods: flr pm bus
		region: index=1 size=4096 flags=read,write,mmap,msix-mappable mapped=0
		region: index=4 size=16384 flags=read,write,mmap mapped=16384
		region: index=7 size=4096 flags=read,write mapped=0
		irq: kind=intx count=1 flags=eventfd,maskable,automasked
		irq: kind=msi count=0 flags=none
		irq: kind=msi-x count=4 flags=eventfd
		irq: kind=err count=1 flags=eventfd,noresize
	END
	e1000e) cat <<-'END' ;;
		id: 8086:10d3
		features: 3 4 5
		command: 0x0103
		can_reset: yes
		reset_methods: pm bus
		region: index=0 size=131072 flags=read,write,mmap mapped=131072
		region: index=1 size=131072 flags=read,write,mmap mapped=131072
		region: index=2 size=32 flags=read,write mapped=0
		region: index=3 size=16384 flags=read,write,mmap,msix-mappable mapped=8192
		region: index=7 size=4096 flags=read,write mapped=0
		irq: kind=intx count=1 flags=eventfd,maskable,automasked
		irq: kind=msi count=1 flags=eventfd,noresize
		irq: kind=msi-x count=5 flags=eventfd
		irq: kind=err count=1 flags=eventfd,noresize
	END
	igb) cat <<-'END' ;;
		id: 8086:10c9
		features: 0 3 4 5
		command: 0x0103
		can_reset: yes
		reset_methods: flr pm bus
		region: index=0 size=131072 flags=read,write,mmap mapped=131072
		region: index=1 size=131072 flags=read,write,mmap mapped=131072
		region: index=2 size=32 flags=read,write mapped=0
		region: index=3 size=16384 flags=read,write,mmap,msix-mappable mapped=8192
		region: index=7 size=4096 flags=read,write mapped=0
		irq: kind=intx count=1 flags=eventfd,maskable,automasked
		irq: kind=msi count=1 flags=eventfd,noresize
		irq: kind=msi-x count=10 flags=eventfd
		irq: kind=err count=1 flags=eventfd,noresize
	END
	igbvf) cat <<-'END' ;;
		id: 8086:10ca
		features: 3 4 5
		command: 0x0002
		can_reset: yes
		reset_methods: flr
		region: index=0 size=16384 flags=read,write,mmap mapped=16384
		region: index=3 size=16384 flags=read,write,mmap,msix-mappable mapped=8192
		region: index=7 size=4096 flags=read,write mapped=0
		irq: kind=intx count=0 flags=none
		irq: kind=msi count=0 flags=none
		irq: kind=msi-x count=3 flags=eventfd
		irq: kind=err count=1 flags=eventfd,noresize
	END
	vmxnet3) cat <<-'END' ;;
		id: 15ad:07b0
		features: 3 4 5
		command: 0x0103
		can_reset: yes
		reset_methods: bus
		region: index=0 size=4096 flags=read,write,mmap mapped=4096
		region: index=1 size=4096 flags=read,write,mmap mapped=4096
		region: index=2 size=8192 flags=read,write,mmap,msix-mappable mapped=0
		region: index=7 size=4096 flags=read,write mapped=0
		irq: kind=intx count=1 flags=eventfd,maskable,automasked
		irq: kind=msi count=1 flags=eventfd,noresize
		irq: kind=msi-x count=25 flags=eventfd
		irq: kind=err count=1 flags=eventfd,noresize
	END
	e1000) cat <<-'END' ;;
		id: 8086:100e
		features: 3 4 5
		command: 0x0103
		can_reset: no
		region: index=0 size=131072 flags=read,write,mmap mapped=131072
		region: index=1 size=64 flags=read,write mapped=0
		region: index=7 size=256 flags=read,write mapped=0
		irq: kind=intx count=1 flags=eventfd,maskable,automasked
		irq: kind=msi count=0 flags=none
		irq: kind=msi-x count=0 flags=none
		irq: kind=err count=0 flags=none
	END
	esac
}
