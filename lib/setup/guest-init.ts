import { sh } from '../script.ts'
import { packProbeImage, probeImageFile } from './probe-image-archive.ts'

/** Kernel modules that engine, networks and verdicts take; loaded at boot, so that no requirement waits for one. */
export const guestModules = [
  'virtio_net',
  'overlay',
  'bridge',
  'br_netfilter',
  'veth',
  'vxlan',
  'ip_vs',
  'ip_vs_rr',
  'esp4',
  'xfrm_user',
  'af_packet',
  'sch_netem',
  'nf_conntrack_netlink',
  'nft_compat',
  'xt_bpf',
  'xt_u32',
  'xt_mark',
  'xt_policy',
  'xt_ipvs',
  'xt_nat',
  'xt_addrtype',
  'xt_conntrack',
  'xt_MASQUERADE',
  'xt_REDIRECT',
  'xt_tcpudp',
  'tcp_diag',
  'udp_diag',
]

/** Answers commands on the second serial line until the line ends; see `guestInit`. */
export const agentFunction = `agent() {
  stty -F /dev/ttyS1 raw -echo
  exec 3<> /dev/ttyS1
  echo swarmproof-agent >&3
  while read -r token script <&3; do
    printf %s "$script" | base64 -d > /run/swarmproof/script
    sh /run/swarmproof/script > /run/swarmproof/output 2>&1 < /dev/null 3>&-
    status=$?
    rm -f /run/swarmproof/script
    echo "$token $status $(base64 -w 0 < /run/swarmproof/output)" >&3
  done
}
`

/**
 * What runs in a guest as process 1. It is shell text in TypeScript so that the packed npm package holds it too.
 *
 * A guest starts with no identity: no host name, key or address. It waits on its second serial line for commands
 * (one line each: a reply token, a blank, a shell script in base64) and answers each with token, exit code and
 * base64 of the output. That channel works before there is a network, and a machine resumed from a snapshot gets its
 * own name, keys, addresses and clock through it. A reboot finds the identity on the disk.
 */
export const guestInit = `#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
mount -t tmpfs -o nosuid,nodev tmpfs /dev/shm
mountpoint -q /run || mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -o remount,rw /
if grep -q swarmproof.probe /proc/cmdline; then
  echo SWARMPROOF-PROBE-OK > /dev/ttyS0
  echo o > /proc/sysrq-trigger
fi
ip link set lo up
for module in ${guestModules.join(' ')}; do modprobe -q $module; done
sysctl -qw net.ipv4.ip_forward=1
mkdir -p /run/sshd /run/swarmproof
[ -r /etc/swarmproof/start.sh ] && sh /etc/swarmproof/start.sh
(n=0; until dockerd >> /var/log/dockerd.log 2>&1; do n=$((n+1)); [ $n -lt 5 ] || break; sleep 1; done) &
${agentFunction}(while :; do agent; sleep 1; done) &
echo SWARMPROOF-BOOTED > /dev/ttyS0
while :; do sleep 3600; done
`

/** sshd of a guest: keys only, no look-ups, and room for the many sessions one run opens. PAM makes login sessions. */
export function guestSshdConfig(hasSourcePenalties: boolean, pam: 'yes' | 'no' = 'no'): string {
  return [
    'HostKey /etc/ssh/ssh_host_ed25519_key',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    `UsePAM ${pam}`,
    'UseDNS no',
    'MaxSessions 64',
    'MaxStartups 100',
    // Post-quantum exchanges cost an emulated processor most of a second per connection.
    'KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org',
    ...(hasSourcePenalties ? ['PerSourcePenalties no'] : []),
    'Subsystem sftp internal-sftp',
    '',
  ].join('\n')
}

/**
 * Busybox as an image: the whole of what probe services are made of. `$1` is the root of the guest. The same busybox
 * gives the same image, by the same id on every host.
 */
export const probeImageScript = sh`set -e
tree=$(mktemp -d)
for folder in bin www tmp etc proc sys dev root; do mkdir -p "$tree/$folder"; done
chmod 755 "$tree" "$tree"/*
chmod 1777 "$tree/tmp"
cp "$1/bin/busybox" "$tree/bin/busybox"
for applet in $(chroot "$1" /bin/busybox --list); do
  [ -e "$tree/bin/$applet" ] || ln -s busybox "$tree/bin/$applet"
done
echo 'root:x:0:0:root:/root:/bin/sh' > "$tree/etc/passwd"
echo 'root:x:0:' > "$tree/etc/group"
chmod 644 "$tree"/etc/*
chmod 755 "$tree/bin/busybox"
machine=$(chroot "$1" dpkg --print-architecture | sed -e 's/^i386$/386/' -e 's/^armhf$/arm/' -e 's/^ppc64el$/ppc64le/')
mkdir -p "$1/usr/lib/swarmproof"
archive="$1"${probeImageFile}
${packProbeImage([
  ...['--format', 'ustar', '--sort', 'name', '--mtime', '@0'],
  ...['--numeric-owner', '--owner', '0', '--group', '0'],
])}
rm -rf "$tree"
`.text

/** Last touches to a guest's root, which is \`$1\`; the files to put there lie beside this script. */
export const finishScript = `set -e
here=$(dirname "$0")
install -m 755 "$here/init" "$1/usr/sbin/swarmproof-init"
install -m 644 "$here/sshd_config" "$1/etc/ssh/sshd_config"
rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/machine-id" "$1/var/lib/dbus/machine-id"
rm -f "$1/var/lib/docker/engine-id" "$1/etc/hostname"
printf '127.0.0.1 localhost\\n' > "$1/etc/hosts"
printf 'nameserver 172.31.250.3\\n' > "$1/etc/resolv.conf"
rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/usr/share/doc/* "$1"/usr/share/man/* "$1"/usr/share/locale/*
sh "$here/probe-image" "$1"
`

/** Last touches to the root of a container host, which is `$1`. */
export const containerFinishScript = `set -e
here=$(dirname "$0")
rm -f "$1/etc/machine-id" "$1/var/lib/dbus/machine-id" "$1/var/lib/docker/engine-id" "$1/etc/hostname"
rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/usr/share/doc/* "$1"/usr/share/man/* "$1"/usr/share/locale/*
[ -x "$1/sbin/reboot" ] || ln -s /bin/busybox "$1/sbin/reboot"
sh "$here/probe-image" "$1"
`
