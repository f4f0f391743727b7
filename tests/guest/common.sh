# SPDX-License-Identifier: BSD-3-Clause
# What both ends of the wire know: read by host.sh and guest.sh.

HOST=10.0.0.1		# the test's end of the wire
GUEST=10.0.0.2		# the guest's end

# TCP services of the host, see serve() in host.sh
PORT_DATA=5001		# sends the test data
PORT_SUM=5002		# sends its checksum
PORT_SINK=5003		# receives until end of file, answers with the checksum of that
