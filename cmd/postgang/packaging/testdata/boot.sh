# Run in namespaces of its own: boots the Debian in folder $1, systemd and all.
set -eu
R=$1
mount --bind "$R" "$R"
mount -t proc proc "$R/proc"
mount -t sysfs sysfs "$R/sys"
mount -t cgroup2 cgroup2 "$R/sys/fs/cgroup"
mount -t tmpfs tmpfs "$R/run"
mount -t tmpfs tmpfs "$R/tmp"
mount -t tmpfs -o mode=755 dev "$R/dev"
for d in "null 3" "zero 5" "full 7" "random 8" "urandom 9"; do
	mknod -m 666 "$R/dev/${d% *}" c 1 "${d#* }"
done
mkdir "$R/dev/pts" "$R/dev/shm"
cd "$R"
pivot_root . mnt
umount -l /mnt
# As on a machine, where systemd does so itself: credentials are laid into a mount that is to be seen outside of the unit.
mount --make-rshared /
exec env -i container=lxc PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --unit=multi-user.target
