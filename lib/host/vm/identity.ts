import { randomBytes } from 'node:crypto'
import { afterIdentity } from '../../setup/systemd-guest.ts'
import { managementAddress, managementGateway } from './machine-arguments.ts'

/** What makes a machine itself and no other's copy. */
export interface GuestIdentity {
  readonly hostName: string
  /** 32 hexadecimal digits, as in /etc/machine-id. */
  readonly machineId: string
  /** OpenSSH text. */
  readonly hostPrivateKey: string
  readonly hostPublicKey: string
  /** Who may log in as root. */
  readonly clientPublicKey: string
  readonly managementMac: string
  readonly underlays: readonly {
    readonly interface: string
    readonly mac: string
    /** IPv4 with prefix length. */
    readonly address: string
    readonly mtuBytes: number
  }[]
  /** Other nodes for /etc/hosts, so that names in logs and tools mean something. */
  readonly neighbours: readonly { readonly name: string; readonly address: string }[]
}

export function newMachineId(): string {
  return randomBytes(16).toString('hex')
}

/** Gives a guest its identity: files that last, then what a reboot does too, then the clock. */
export function identityScript(identity: GuestIdentity, now: Date): string {
  const hosts = [
    '127.0.0.1 localhost',
    ...identity.neighbours.map(({ name, address }) => `${address} ${name}`),
  ]
  return [
    'set -e',
    clockAndEntropy(now),
    'umask 077',
    'mkdir -p /root/.ssh /etc/swarmproof /var/lib/dbus',
    file('/etc/ssh/ssh_host_ed25519_key', identity.hostPrivateKey),
    file('/etc/ssh/ssh_host_ed25519_key.pub', identity.hostPublicKey),
    file('/root/.ssh/authorized_keys', identity.clientPublicKey),
    'umask 022',
    file('/etc/machine-id', `${identity.machineId}\n`),
    file('/etc/hostname', `${identity.hostName}\n`),
    file('/etc/hosts', `${hosts.join('\n')}\n`),
    file('/etc/swarmproof/start.sh', startScript(identity)),
    `[ ! -x ${afterIdentity} ] || ${afterIdentity}`,
    'sh -e /etc/swarmproof/start.sh',
    // Nothing in a guest is init's business but swarmproof's; what a hard reboot takes must be there to be typed.
    '[ -x /sbin/reboot ] || ln -sf /bin/busybox /usr/local/sbin/reboot',
    // A machine that is reset a moment later must find itself on its disk.
    'sync > /dev/null 2>&1 &',
    '',
  ].join('\n')
}

/**
 * For a machine that has its identity and was asleep. Machines resumed from one snapshot would also draw the same
 * random numbers: the kernel's generator is fed and made to start anew (RNDRESEEDCRNG, see random(4)).
 */
export function clockAndEntropy(now: Date): string {
  return [
    clockScript(now),
    `echo ${randomBytes(64).toString('base64')} | base64 -d > /dev/urandom`,
    `perl -e 'open(my $r, ">", "/dev/urandom") or die; ioctl($r, 0x5207, 0) or die "reseed: $!"'`,
  ].join('\n')
}

export function clockScript(now: Date): string {
  return `date -s @${(now.getTime() / 1000).toFixed(3)} > /dev/null`
}

function startScript(identity: GuestIdentity): string {
  const card = (name: string, mac: string, mtuBytes: number, address: string): string[] => [
    `ip link set ${name} down`,
    `ip link set ${name} address ${mac} mtu ${mtuBytes}`,
    `ip address replace ${address} dev ${name}`,
    `ip link set ${name} up`,
  ]
  return [
    `hostname ${identity.hostName}`,
    ...card('eth0', identity.managementMac, 1500, `${managementAddress}/24`),
    `ip route replace default via ${managementGateway}`,
    ...identity.underlays.flatMap((underlay) =>
      card(underlay.interface, underlay.mac, underlay.mtuBytes, underlay.address),
    ),
    // Without waiting: at boot this runs in a unit that ssh.service waits for.
    'if [ -d /run/systemd/system ]; then systemctl --no-block restart ssh.service',
    'else mkdir -p /run/sshd; /usr/sbin/sshd; fi',
    '',
  ].join('\n')
}

function file(path: string, content: string): string {
  return `echo ${Buffer.from(content).toString('base64')} | base64 -d > ${path}`
}
