# Run as root in a Debian without the .deb and what it leaves: the .rpm is installed, upgraded and removed by rpm itself, whose scripts are told
# other things than those of a .deb. What the packages of a distribution with RPM are called is not tried: --nodeps.
exec 2>&1
fail() { echo "rpm.sh: $*"; exit 1; }
as() { user=$1; shift; (cd / && runuser -u "$user" -- "$@"); }
mode() { [ "$(stat -c '%a %U' "$1")" = "$2" ] || fail "$1 is $(stat -c '%a %U' "$1"), not $2"; }

apt-get purge -y postgang
rm -rf /var/lib/postgang /var/spool/postgang /etc/postgang
userdel postgang
rpm --install --nodeps /root/postgang.rpm | tee /root/said
grep -q 'edit /etc/postgang/postgang.toml' /root/said || fail "it does not say what to do next"
mode /var/lib/postgang "750 postgang"
mode /var/lib/postgang/nokler "700 postgang"
mode /var/spool/postgang/inn "751 postgang"
mode /var/lib/postgang/first-start "640 postgang"
[ -e /usr/share/man/man1/postgang-shipment-find.1.gz ] || fail "no man pages"
rpm --verify --nodeps postgang || fail "files are not as the package has them"
as postgang postgang doctor
as postgang postgang submit /tmp/brev | grep -q AKSEPTERT || fail "the letter is not accepted"

# The next version: the edited configuration stays.
sed -i 's/Eksempel kommune/Prøve kommune/' /etc/postgang/postgang.toml
sum=$(sha256sum </etc/postgang/postgang.toml)
rpm --upgrade --nodeps /root/next.rpm
[ "$sum" = "$(sha256sum </etc/postgang/postgang.toml)" ] || fail "the upgrade changed the configuration"
[ -e /etc/postgang/postgang.toml.rpmnew ] || fail "the new configuration is not beside it"
[ ! -e /var/lib/postgang/first-start ] || fail "an upgrade is no first start"
as postgang postgang shipment list | grep -q kommune || fail "the letter is lost"

rpm --erase postgang | tee /root/said
grep -q '/var/lib/postgang is left' /root/said || fail "it does not say what is left"
[ -e /etc/postgang/postgang.toml.rpmsave ] || fail "removing takes the configuration"
[ -s /var/lib/postgang/postgang.db ] && [ -d /var/lib/postgang/dokumenter ] || fail "letters are lost"
getent passwd postgang >/dev/null || fail "the owner of the letters is lost"
[ ! -e /usr/bin/postgang ] || fail "the program is left"
echo "rpm.sh: done"
