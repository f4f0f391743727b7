# SPDX-License-Identifier: BSD-3-Clause
# A hundred opens and closes, with frames in between, leave no descriptor, no map and no locked
# memory, by group and by iommufd.

machine=vfio
programs=probe-cycles

host() {
	for hub in 0 1 2 3; do
		nics virtio-net virtio-net
	done
	boot
}

# Most of a life is waiting for resets: four go side by side.
guest() {
	set -- $(functions 1af4:1041)
	step "vfio-pci has them" give vfio-pci "$@"
	for way in group iommufd; do
		for lives in ports contexts; do
			start "$way-$lives" probe-cycles 50 $lives "$way:$1" "$way:$2"
			shift 2
		done
	done
	for way in group iommufd; do
		step "fifty lives of a port by $way" well "$way-ports"
		step "fifty lives of a context by $way" well "$way-contexts"
	done
}

# well NAME: it ends, and ends well.
well() {
	wait "$(cat "/tmp/$1.pid")"
	status=$?
	cat "/tmp/$1.log"
	return "$status"
}
