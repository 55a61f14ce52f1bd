import { scriptLines } from '../script.ts'
import { scriptFile } from '../script-file.ts'
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
const init = scriptFile(import.meta.url, 'systemd-init.sh').text

const agent = scriptLines([agentFunction, scriptFile(import.meta.url, 'systemd-agent.sh')]).text

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

const afterIdentityScript = scriptFile(import.meta.url, 'after-identity.sh', { login: sudoLogin }).text

/**
 * Last touches after those of every guest. Timers, generators and consoles are left out: they cost an emulated
 * processor seconds and no requirement is about them.
 */
const finish = scriptFile(import.meta.url, 'systemd-finish.sh', {
  login: sudoLogin,
  modules: guestModules.join(' '),
}).text

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
