# SPDX-License-Identifier: BSD-3-Clause
# leat-fwd against testpmd between two of QEMU's 82574: see versus.sh.

nic=e1000e id=8086:10d3
. "${here:-/guest}/versus.sh"
