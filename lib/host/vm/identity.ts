import { randomBytes } from 'node:crypto'
import { type Script, scriptLines, sh } from '../../script.ts'
import { perlFile, scriptFile } from '../../script-file.ts'
import { afterIdentity } from '../../setup/systemd-guest.ts'
import type { ImpairedAttachment } from '../../topology/impaired-attachments.ts'
import { impairScript } from '../impair.ts'
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
  /** What it does to what it sends; absent in labs of before there was such a thing. */
  readonly impaired?: readonly ImpairedAttachment[]
  /** Other nodes for /etc/hosts, so that names in logs and tools mean something. */
  readonly neighbours: readonly { readonly name: string; readonly address: string }[]
}

export function newMachineId(): string {
  return randomBytes(16).toString('hex')
}

/** Gives a guest its identity: the clock, then files that last, then what a reboot does too. */
export function identityScript(identity: GuestIdentity, now: Date): string {
  const hosts = [
    '127.0.0.1 localhost',
    ...identity.neighbours.map(({ name, address }) => `${address} ${name}`),
  ]
  return scriptLines([
    sh`set -e`,
    waking(now),
    scriptFile(import.meta.url, 'identity.sh', {
      host_name: identity.hostName,
      machine_id: identity.machineId,
      hosts: hosts.join('\n'),
      host_private_key: identity.hostPrivateKey,
      host_public_key: identity.hostPublicKey,
      client_public_key: identity.clientPublicKey,
      start: guestStartScript(identity),
      after_identity: afterIdentity,
    }),
  ]).text
}

/**
 * For a machine that has its identity and was asleep. Machines resumed from one snapshot would also draw the same
 * random numbers: the kernel's generator is fed and reseeded.
 */
export function clockAndEntropy(now: Date): string {
  return waking(now).text
}

function waking(now: Date): Script {
  return scriptFile(import.meta.url, 'clock-and-entropy.sh', {
    seconds: secondsOf(now),
    seed: randomBytes(64).toString('base64'),
    reseed: perlFile(import.meta.url, 'reseed.pl'),
  })
}

export function clockScript(now: Date): string {
  return sh`date -s ${`@${secondsOf(now)}`} > /dev/null`.text
}

function secondsOf(now: Date): string {
  return (now.getTime() / 1000).toFixed(3)
}

/** Stays on the guest's disk. */
export function guestStartScript(identity: GuestIdentity): string {
  const { impaired = [] } = identity
  return scriptLines([startScript(identity), ...(impaired.length === 0 ? [] : [impairScript(impaired)])]).text
}

function startScript(identity: GuestIdentity): Script {
  return scriptFile(
    import.meta.url,
    'start-guest.sh',
    {
      host_name: identity.hostName,
      management_mac: identity.managementMac,
      management_address: `${managementAddress}/24`,
      gateway: managementGateway,
    },
    identity.underlays.flatMap(({ interface: name, mac, mtuBytes, address }) => [
      name,
      mac,
      mtuBytes,
      address,
    ]),
  )
}
