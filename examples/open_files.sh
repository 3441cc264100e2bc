#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Open files of this machine each second, and an event when they become many.
limit=${OPEN_FILES_LIMIT:-100000}
were_many=false

while :; do
	open=$(cut -f 1 /proc/sys/fs/file-nr)
	echo "{\"metric\":\"open_files\",\"value\":$open}"
	if [ "$open" -gt "$limit" ]; then are_many=true; else are_many=false; fi
	if [ $are_many != $were_many ]; then
		echo "{\"type\":\"files.limit\",\"payload\":{\"open\":$open,\"over\":$are_many}}"
		were_many=$are_many
	fi
	sleep 1
done
