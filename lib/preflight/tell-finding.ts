import { constants } from 'node:os'
import type { HostFacts } from '../discovery/host-facts.ts'
import type { PortFinding } from './finding.ts'

export interface Circumstances {
  /** Of sending or connecting; 0 if there was none. */
  readonly errno: number
  /** Something else than our own program has the receiver's port. */
  readonly held: boolean
  /** The source address the receiver saw, where it is not the sender's. */
  readonly translatedTo: string | undefined
  readonly firewallOfSender: HostFacts['firewall']
  readonly firewallOfReceiver: HostFacts['firewall']
}

const { EPERM, EACCES, ENETUNREACH, EHOSTUNREACH, ECONNREFUSED } = constants.errno

/** `UDP 4789 from a to b leaves a and does not arrive at b: something between them swallows it`. */
export function portSentence(finding: Omit<PortFinding, 'detail'>, how: Circumstances): string {
  const { from, to } = finding
  const head = `${trafficName(finding.what)} from ${from} to ${to}`
  const as =
    how.translatedTo === undefined
      ? ''
      : `; it arrives as ${how.translatedTo}: addresses are translated on the way, which encrypted overlays do not survive`
  return `${head} ${fate(finding, how)}${as}`
}

function fate(finding: Omit<PortFinding, 'detail'>, how: Circumstances): string {
  const { from, to, left, arrived, accepted } = finding
  const refused = how.errno === ECONNREFUSED
  if (left === 'no') return `does not leave ${from}: ${whyNotSent(finding, how)}`
  if (arrived === 'no') {
    if (refused) return `is refused before it arrives at ${to}: a firewall between them rejects it`
    return left === 'yes'
      ? `leaves ${from} and does not arrive at ${to}: something between them swallows it`
      : `does not arrive at ${to}`
  }
  if (accepted === 'no') {
    if (refused && how.held === false)
      return `arrives at ${to} and is refused: ${to}'s firewall rejects it${inWords(how.firewallOfReceiver)}`
    if (how.errno === EHOSTUNREACH || how.errno === ENETUNREACH) {
      return `arrives at ${to} and is turned away: ${to}'s firewall rejects it${inWords(how.firewallOfReceiver)}`
    }
    return arrived === 'yes'
      ? `arrives at ${to} and is not accepted: ${to}'s firewall drops it${inWords(how.firewallOfReceiver)}`
      : `is not accepted by ${to}`
  }
  if (accepted === 'unknown')
    return `arrives at ${to}, where the port is in use: whether it is accepted there shows when networks are verified`
  return `is accepted by ${to}`
}

function whyNotSent(
  { from, to }: Omit<PortFinding, 'detail'>,
  { errno, firewallOfSender }: Circumstances,
): string {
  const of = inWords({ ...firewallOfSender, input: [] })
  if (errno === EPERM || errno === EACCES) return `its own firewall drops it${of}`
  if (errno === ENETUNREACH) return `it has no route to ${to}`
  if (errno === EHOSTUNREACH) return `nobody there answers for the address of ${to} (ARP)`
  const name = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0]
  return errno !== 0 && name !== undefined && name !== 'ETIMEDOUT'
    ? `sending fails with ${name}`
    : `its own firewall drops it${of}, or nobody answers ${from} for the address of ${to} (ARP)`
}

export function trafficName(what: string): string {
  if (what === 'esp') return 'ESP (protocol 50)'
  const [port, protocol = ''] = what.split('/')
  return `${protocol.toUpperCase()} ${port}`
}

function inWords({ managers, input }: HostFacts['firewall']): string {
  const words = [...managers, ...input]
  return words.length === 0 ? '' : ` (${words.join('; ')})`
}
