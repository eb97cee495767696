# Run as root in a clean Debian: the package is installed, used, upgraded and removed as docs/install.md and docs/upgrade.md tell.
# There is no systemd here, so that the daemon is started as the unit does it.
exec 2>&1
export DEBIAN_FRONTEND=noninteractive
fail() { echo "debian.sh: $*"; exit 1; }
as() { user=$1; shift; (cd / && runuser -u "$user" -- "$@"); }
mode() { [ "$(stat -c '%a %U' "$1")" = "$2" ] || fail "$1 is $(stat -c '%a %U' "$1"), not $2"; }

apt-get install -y --no-install-recommends /root/postgang.deb
mode /var/lib/postgang "750 postgang"
mode /var/lib/postgang/nokler "700 postgang"
mode /var/spool/postgang "751 postgang"
mode /var/spool/postgang/inn "751 postgang"
[ -e /usr/share/man/man1/postgang-shipment-find.1.gz ] || fail "no man pages"
[ -e /usr/share/bash-completion/completions/postgang ] || fail "no completion"
postgang version
as postgang postgang doctor # the configuration of the package works as it is

# Lines of the configuration.
sed -i -e 's/Eksempel kommune/Prøve kommune/; s/^line1 .*/line1 = "Postboks 17"/; s/^every .*/every = "1s"/' /etc/postgang/postgang.toml

# A sender of another user (docs/drop-folder.md).
groupadd post-skole
useradd -G post-skole skole-sftp
usermod -aG post-skole postgang
cd /
setpriv --reuid postgang --regid postgang --init-groups postgang serve >/root/log 2>&1 &
serve=$!
wait_for() { for _ in $(seq 300); do [ -e "$1" ] && return; sleep 0.2; done; cat /root/log; fail "$1 does not come"; }
wait_for /var/spool/postgang/inn/kommune
P=/var/spool/postgang
chown postgang:post-skole $P/inn/kommune $P/svar/kommune
chmod 2770 $P/inn/kommune
chmod 2750 $P/svar/kommune
cp -r /root/brev /tmp/brev
chmod -R a+rX /tmp/brev
as skole-sftp sh -euc 'umask 0007; cd /var/spool/postgang/inn/kommune; mkdir .brev-1; cp /tmp/brev/* .brev-1; mv .brev-1 brev-1'
wait_for $P/svar/kommune/brev-1.json
grep -q '"status": "AKSEPTERT"' $P/svar/kommune/brev-1.json || fail "$(cat $P/svar/kommune/brev-1.json)"
as skole-sftp ls /var/lib/postgang && fail "senders see the archive"
as skole-sftp ls $P/behandlet && fail "senders see what others handed in"
kill -TERM $serve
wait $serve || fail "serve ends with exit code $?: $(cat /root/log)"
as postgang postgang night
as postgang postgang manual list

# The next version: the edited configuration stays, and so does the letter.
sum=$(sha256sum </etc/postgang/postgang.toml)
apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold /root/next.deb
[ "$sum" = "$(sha256sum </etc/postgang/postgang.toml)" ] || fail "the upgrade changed the configuration"
[ -e /etc/postgang/postgang.toml.dpkg-dist ] || fail "the new configuration is not beside it"
[ ! -e /var/lib/postgang/first-start ] || fail "an upgrade is no first start"
as postgang postgang migrate --check
as postgang postgang shipment list | grep -q kommune || fail "the letter is lost"

# Removed, and purged: letters and keys are left, and it says so.
apt-get remove -y postgang | tee /root/said
grep -q '/var/lib/postgang is left' /root/said || fail "it does not say what is left"
[ -e /etc/postgang/postgang.toml ] || fail "removing takes the configuration"
apt-get purge -y postgang | tee /root/said
grep -q '/var/lib/postgang is left' /root/said || fail "it does not say what is left"
[ ! -e /etc/postgang/postgang.toml ] || fail "purging leaves the configuration"
[ -s /var/lib/postgang/postgang.db ] && [ -d /var/lib/postgang/dokumenter ] || fail "letters are lost"
getent passwd postgang >/dev/null || fail "the owner of the letters is lost"

# Installed again: what was left is taken up, and no archive would be made in its place.
apt-get install -y --no-install-recommends /root/postgang.deb
[ ! -e /var/lib/postgang/first-start ] || fail "what was left is no first start"
as postgang postgang shipment list | grep -q kommune || fail "the letter is lost"
echo "debian.sh: done"
