# Run as root in a Debian that has booted, with the package installed: the service is started, used, told of another configuration, and
# stopped, with its key as a credential of systemd.
exec 2>&1
cd /
fail() { echo "unit.sh: $*"; journalctl -u postgang --no-pager -n 20; exit 1; }
as() { user=$1; shift; runuser -u "$user" -- "$@"; }
wait_for() { for _ in $(seq 200); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done; fail "$* fails"; }

mkdir -p /etc/credstore /etc/systemd/system/postgang.service.d
as postgang sh -c 'postgang init --config /tmp/x/postgang.toml >/dev/null 2>&1 || { mkdir /tmp/x && postgang init --config /tmp/x/postgang.toml >/dev/null; }'
mv /tmp/x/nokler/postgang /etc/credstore/postgang-ssh
chown root:root /etc/credstore/postgang-ssh
# A mount of devices is more than namespaces in namespaces allow.
printf '[Service]\nLoadCredential=ssh:/etc/credstore/postgang-ssh\nPrivateDevices=no\n' >/etc/systemd/system/postgang.service.d/override.conf
cat >>/etc/postgang/postgang.toml <<'T'
[vendors.borte]
address  = "127.0.0.1:1"
user     = "postgang"
host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y"
key_file = "$CREDENTIALS_DIRECTORY/ssh"
T
sed -i 's/^every .*/every = "1s"/' /etc/postgang/postgang.toml
systemctl daemon-reload
as postgang postgang doctor >/root/said 2>&1 && fail "there are no credentials yet"
grep -q 'LoadCredential=ssh:FILE' /root/said || fail "$(cat /root/said)"

systemctl enable --now postgang
wait_for systemctl is-active postgang
as postgang postgang doctor >/root/said 2>&1 || true
grep -q '^ok  *vendor borte key' /root/said || fail "$(cat /root/said)"
# The unit lets the processes that read PDFs cut themselves off, and prepare a letter.
cp -r /root/brev /tmp/brev
chmod -R a+rX /tmp/brev
as postgang cp -r /tmp/brev /var/spool/postgang/inn/kommune/.enhet
as postgang mv /var/spool/postgang/inn/kommune/.enhet /var/spool/postgang/inn/kommune/enhet
wait_for [ -e /var/spool/postgang/svar/kommune/enhet.json ]
grep -q '"status": "AKSEPTERT"' /var/spool/postgang/svar/kommune/enhet.json || fail "$(cat /var/spool/postgang/svar/kommune/enhet.json)"

pid=$(systemctl show --property MainPID --value postgang)
sed -i 's/^every .*/every = "2s"/' /etc/postgang/postgang.toml
systemctl reload postgang || fail "it cannot be told of another configuration"
sed -i 's/^every .*/every = "ofte"/' /etc/postgang/postgang.toml
systemctl reload postgang && fail "a configuration with a fault is taken"
sed -i 's/^every .*/every = "2s"/' /etc/postgang/postgang.toml
[ "$(systemctl show --property MainPID --value postgang)" = "$pid" ] || fail "reloading starts another process"

# Installing the next version restarts it, removing it stops it.
apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold /root/next.deb >/dev/null
wait_for systemctl is-active postgang
[ "$(systemctl show --property MainPID --value postgang)" != "$pid" ] || fail "the version of before goes on"
apt-get remove -y postgang >/dev/null
systemctl is-active postgang && fail "it runs without its program"
echo "unit.sh: done"
