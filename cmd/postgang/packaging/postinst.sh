#!/bin/sh
# After the files are there. Debian says "configure" and the version of before, RPM how many versions there are now.
set -e
case "$1" in
configure) first=no; [ -n "$2" ] || first=yes ;;
1) first=yes ;;
[2-9]*) first=no ;;
*) exit 0 ;;
esac

# As sysusers.d and tmpfiles.d say, also where there is no systemd.
getent group postgang >/dev/null || groupadd --system postgang
getent passwd postgang >/dev/null ||
	useradd --system --gid postgang --home-dir /var/lib/postgang --no-create-home --shell /usr/sbin/nologin --comment "Postgang, batch print and post" postgang
sed -n 's/^d //p' /usr/lib/tmpfiles.d/postgang.conf | tr -d : | while read -r path mode owner group; do
	[ -d "$path" ] || install -d -m "$mode" -o "$owner" -g "$group" "$path"
done

# The first start makes the archive; later on, one that is missing is an error. What an installation of before has left is no first start.
if [ $first = yes ] && [ ! -e /var/lib/postgang/postgang.db ] && [ ! -e /var/lib/postgang/dokumenter ]; then
	install -m 0640 -o postgang -g postgang /dev/null /var/lib/postgang/first-start
fi

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	[ $first = yes ] || systemctl try-restart postgang.service
fi
if [ $first = yes ]; then
	echo "postgang: edit /etc/postgang/postgang.toml, check it with \"runuser -u postgang -- postgang doctor\", then: systemctl enable --now postgang"
fi
