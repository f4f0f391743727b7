# SPDX-License-Identifier: BSD-3-Clause
# leat-fwd against testpmd between two of QEMU's 82576: see versus.sh.

nic=igb id=8086:10c9
. "${here:-/guest}/versus.sh"
