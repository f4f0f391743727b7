# SPDX-License-Identifier: BSD-3-Clause
# leat-fwd against testpmd between two of QEMU's virtio-net: see versus.sh.

nic=virtio-net,ioeventfd=off id=1af4:1041
. "${here:-/guest}/versus.sh"
