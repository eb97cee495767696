#!/bin/sh
# Before the files go. Debian says "remove" or "upgrade", RPM how many versions will be left.
set -e
case "$1" in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl --no-reload disable --now postgang.service
	fi
	;;
esac
