import { sh } from '../script.ts'
import { agentFunction, guestModules } from './guest-init.ts'

/** Packages that make a guest one with systemd, login sessions and a login that becomes root by sudo. */
export const systemdPackages = ['systemd', 'systemd-sysv', 'dbus', 'libpam-systemd', 'sudo'] as const

/** A login that is not root and may become it without a password, with the lab's own key. */
export const sudoLogin = 'ops'

/** Where an image puts what must run once a machine has been given its identity; images without systemd have none. */
export const afterIdentity = '/usr/lib/swarmproof/after-identity'

/**
 * What the kernel starts: the trial of KVM is answered here as every guest does it, the rest is systemd's. Without a
 * machine id systemd would take this boot for the first of all and enable every unit there is; the machine gets one of
 * its own with its identity. It is not written into the image, for whose builder empties that file.
 */
const init = `#!/bin/sh
mountpoint -q /proc || mount -t proc proc /proc
if grep -q swarmproof.probe /proc/cmdline; then
  echo SWARMPROOF-PROBE-OK > /dev/ttyS0
  echo o > /proc/sysrq-trigger
fi
grep -qE '^[0-9a-f]{32}$' /etc/machine-id 2> /dev/null || printf '%032d\\n' 1 > /etc/machine-id
exec /lib/systemd/systemd
`

const agent = `#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mkdir -p /run/swarmproof
${agentFunction}agent
`

const agentUnit = `[Unit]
Description=Commands of the second serial line
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/lib/swarmproof/agent
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`

/** Addresses and name after a reboot; the first time they come through the agent. */
const identityUnit = `[Unit]
Description=Name and addresses of this machine
ConditionPathExists=/etc/swarmproof/start.sh
Wants=network.target
Before=network.target containerd.service docker.service ssh.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -e /etc/swarmproof/start.sh

[Install]
WantedBy=multi-user.target
`

/** The journal lies below the machine's id and is read from there alone: it begins again under the new one. */
const afterIdentityScript = sh`#!/bin/sh
set -e
install -d -m 700 -o ${sudoLogin} -g ${sudoLogin} /home/${sudoLogin}/.ssh
install -m 600 -o ${sudoLogin} -g ${sudoLogin} /root/.ssh/authorized_keys /home/${sudoLogin}/.ssh/authorized_keys
systemctl restart systemd-journald.service
`.text

/**
 * Last touches after those of every guest. Timers, generators and consoles are left out: they cost an emulated
 * processor seconds and no requirement is about them.
 */
const finish = `set -e
here=$(dirname "$0")
sh "$here/finish-any" "$1"
install -m 755 "$here/agent" "$here/after-identity" "$1/usr/lib/swarmproof/"
install -m 644 "$here/swarmproof-agent.service" "$here/swarmproof-identity.service" "$1/etc/systemd/system/"
mkdir -p "$1/etc/systemd/logind.conf.d" "$1/etc/systemd/journald.conf.d" "$1/etc/systemd/system.conf.d"
printf '[Login]\\nKillUserProcesses=yes\\n' > "$1/etc/systemd/logind.conf.d/swarmproof.conf"
printf '[Journal]\\nStorage=persistent\\nSystemMaxUse=64M\\n' > "$1/etc/systemd/journald.conf.d/swarmproof.conf"
printf '[Manager]\\nDefaultTimeoutStartSec=300\\n' > "$1/etc/systemd/system.conf.d/swarmproof.conf"
mkdir -p "$1/etc/modules-load.d" "$1/etc/sysctl.d" "$1/etc/systemd/system-generators"
printf '%s\\n' ${guestModules.join(' ')} > "$1/etc/modules-load.d/swarmproof.conf"
printf 'net.ipv4.ip_forward = 1\\n' > "$1/etc/sysctl.d/swarmproof.conf"
chroot "$1" useradd --create-home --shell /bin/bash ${sudoLogin}
printf '${sudoLogin} ALL=(ALL:ALL) NOPASSWD: ALL\\n' > "$1/etc/sudoers.d/${sudoLogin}"
chmod 440 "$1/etc/sudoers.d/${sudoLogin}"
for generator in "$1"/usr/lib/systemd/system-generators/*; do
  ln -s /dev/null "$1/etc/systemd/system-generators/$(basename "$generator")"
done
for unit in $(cd "$1/usr/lib/systemd/system" && ls -d *.timer) getty.target e2scrub_reap.service \\
  systemd-pstore.service systemd-random-seed.service systemd-networkd.service systemd-networkd.socket; do
  ln -sf /dev/null "$1/etc/systemd/system/$unit"
done
chroot "$1" systemctl disable ssh.service
chroot "$1" systemctl enable swarmproof-agent.service swarmproof-identity.service docker.service
`

/** Files of the recipe of a guest with systemd, given those of one without. */
export function systemdFiles(plain: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return {
    ...plain,
    init,
    'finish-any': plain['finish'] ?? '',
    finish,
    agent,
    'after-identity': afterIdentityScript,
    'swarmproof-agent.service': agentUnit,
    'swarmproof-identity.service': identityUnit,
  }
}
