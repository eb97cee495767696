#!/bin/sh
# After the files are gone. Letters, keys and the user who owns them are never removed: an archive is kept for years.
set -e
case "$1" in
remove | purge | 0)
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
	fi
	for d in /var/lib/postgang /var/spool/postgang; do
		if [ -d "$d" ]; then
			echo "postgang: $d is left, with the letters, receipts and keys in it, and so is the user postgang. Remove them yourself when nobody needs them any more"
		fi
	done
	;;
esac
