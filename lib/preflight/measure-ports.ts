import type { PortFinding, Seen } from './finding.ts'
import { type MeasuringSession, type MeasuredHost, hostPairs } from './measuring-session.ts'
import type { Sighting } from './sightings.ts'
import { protocolLine } from '../remote/protocol-line.ts'
import { portSentence } from './describe-finding.ts'
import { gossipPort, managementPort } from '../topology/swarm-defaults.ts'

/** One kind of traffic from one host to another. */
interface PortProbe {
  readonly from: MeasuredHost
  readonly to: MeasuredHost
  readonly kind: 'tcp' | 'udp' | 'esp'
  readonly port: number
  readonly source: string
  readonly target: string
  /** Ids of what was sent, one an attempt. */
  readonly attemptIds: number[]
}

const attempts = 3
const dialSeconds = 4
const smallBytes = 64

export async function measurePorts(session: MeasuringSession): Promise<readonly PortFinding[]> {
  const probes = hostPairs(session.hosts).flatMap(({ from, to }) => probesOf(from, to, session.dataPathPort))
  // ESP there and back is one flow for a firewall: the way back is tried when the way there is known.
  const isBack = (probe: PortProbe): boolean => probe.kind === 'esp' && isSecond(probe, session.hosts)
  await send(
    session,
    probes.filter((probe) => !isBack(probe)),
  )
  await send(session, probes.filter(isBack))
  return probes.map((probe) => findingOf(probe, session))
}

function probesOf(from: MeasuredHost, to: MeasuredHost, dataPathPort: number): PortProbe[] {
  const control = { from, to, source: from.advertise, target: to.advertise }
  const data = { from, to, source: from.dataPath, target: to.dataPath }
  return [
    ...(to.isManager ? [{ ...control, kind: 'tcp' as const, port: managementPort, attemptIds: [] }] : []),
    { ...control, kind: 'tcp', port: gossipPort, attemptIds: [] },
    { ...control, kind: 'udp', port: gossipPort, attemptIds: [] },
    { ...data, kind: 'udp', port: dataPathPort, attemptIds: [] },
    { ...data, kind: 'esp', port: 0, attemptIds: [] },
  ]
}

/** Round a circle of hosts, those half of it ahead come first: each host then receives from one it has not sent to. */
function isSecond({ from, to }: PortProbe, hosts: readonly MeasuredHost[]): boolean {
  const ahead = (hosts.indexOf(to) - hosts.indexOf(from) + hosts.length) % hosts.length
  const half = hosts.length / 2
  return ahead > half || (ahead === half && hosts.indexOf(from) > hosts.indexOf(to))
}

async function send(session: MeasuringSession, probes: readonly PortProbe[]): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const open = probes.filter((probe) => !isKnown(probe, session) && (attempt === 0 || probe.kind !== 'tcp'))
    if (open.length === 0) return
    const lines = new Map<string, string[]>()
    for (const probe of open) {
      const id = session.nextId()
      probe.attemptIds.push(id)
      session.sightings.expect({
        id,
        from: probe.from.name,
        to: probe.to.name,
        target: probe.target,
        port: probe.port,
      })
      const own = lines.get(probe.from.name) ?? []
      lines.set(probe.from.name, [...own, lineOf(probe, id, session)])
    }
    for (const [name, own] of lines) session.agents.get(name)?.send(own)
    await session.sightings.settle(
      () => open.every((probe) => isKnown(probe, session)),
      session.settleMs,
      session.signal,
    )
    // A connection that is dropped takes longer to fail than a datagram to be lost.
    const dialled = open.filter(({ kind }) => kind === 'tcp')
    const ended = (): boolean => dialled.every((probe) => merged(probe, session).errno !== undefined)
    await session.sightings.settle(ended, dialSeconds * 1000 + session.settleMs, session.signal)
  }
}

function lineOf(probe: PortProbe, id: number, session: MeasuringSession): string {
  const { kind, source, target, port } = probe
  if (kind !== 'tcp') return protocolLine(kind, id, source, target, port, smallBytes)
  return protocolLine('tcp', id, source, target, port, dialSeconds, isHeld(probe, session) ? 0 : 1)
}

/** Something else than our agent has the receiver's port. */
function isHeld({ to, kind, port }: PortProbe, session: MeasuringSession): boolean {
  return session.agents.get(to.name)?.held.has(`${kind} ${port}`) ?? false
}

/** As much is known as can be: there is nothing more to wait for. */
function isKnown(probe: PortProbe, session: MeasuringSession): boolean {
  if (probe.attemptIds.length === 0) return false
  const seen = merged(probe, session)
  const failed = seen.errno !== undefined && seen.errno !== 0
  // What was sent by nobody is not waited for; of a connection that failed it is still to be seen how far it came.
  if (probe.kind === 'tcp') {
    return failed ? seen.arrived : seen.errno === 0 && (isHeld(probe, session) || seen.got)
  }
  return failed || (isHeld(probe, session) ? seen.arrived : seen.got)
}

function merged({ attemptIds }: PortProbe, { sightings }: MeasuringSession): Sighting {
  const all = attemptIds.map((id) => sightings.of(id))
  const source = all.flatMap((one) => one.source ?? [])[0]
  const errors = all.flatMap((one) => one.errno ?? [])
  return {
    left: all.some(({ left }) => left),
    arrived: all.some(({ arrived }) => arrived),
    got: all.some(({ got }) => got),
    connected: all.some(({ connected }) => connected),
    ...(errors.length === 0 ? {} : { errno: Math.min(...errors) }),
    ...(source === undefined ? {} : { source }),
  }
}

function findingOf(probe: PortProbe, session: MeasuringSession): PortFinding {
  const seen = merged(probe, session)
  const blind = (host: MeasuredHost): boolean => session.agents.get(host.name)?.blind !== undefined
  const reached = seen.got || seen.connected
  const arrived = look(seen.arrived || reached, blind(probe.to))
  const left = look(seen.left || seen.arrived || reached, blind(probe.from))
  const held = isHeld(probe, session)
  const accepted: Seen =
    probe.kind === 'tcp' ? look(held ? seen.connected : seen.got, false) : look(seen.got, held)
  const facts = {
    from: probe.from.name,
    to: probe.to.name,
    what: probe.kind === 'esp' ? 'esp' : `${probe.port}/${probe.kind}`,
    ...{ left, arrived, accepted },
  }
  const detail = portSentence(facts, {
    errno: seen.errno ?? 0,
    held,
    translatedTo: seen.source === undefined || seen.source === probe.source ? undefined : seen.source,
    firewallOfSender: probe.from.firewall,
    firewallOfReceiver: probe.to.firewall,
  })
  return { ...facts, detail }
}

function look(seen: boolean, cannotKnow: boolean): Seen {
  return seen ? 'yes' : cannotKnow ? 'unknown' : 'no'
}
