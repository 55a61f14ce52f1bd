import type { PortFinding, Seen } from './finding.ts'
import { type Bench, gossipPort, managementPort, type MeasuredHost, pairsOf } from './bench.ts'
import type { Sighting } from './sightings.ts'
import { protocolLine } from '../remote/protocol-line.ts'
import { portSentence } from './tell-finding.ts'

/** One kind of traffic from one host to another. */
interface Trial {
  readonly from: MeasuredHost
  readonly to: MeasuredHost
  readonly kind: 'tcp' | 'udp' | 'esp'
  readonly port: number
  readonly source: string
  readonly target: string
  /** Ids of what was sent, one an attempt. */
  readonly shots: number[]
}

const attempts = 3
const dialSeconds = 4
const smallBytes = 64

export async function measurePorts(bench: Bench): Promise<readonly PortFinding[]> {
  const trials = pairsOf(bench.hosts).flatMap(({ from, to }) => trialsOf(from, to, bench.dataPathPort))
  // ESP there and back is one flow for a firewall: the way back is tried when the way there is known.
  const isBack = (trial: Trial): boolean => trial.kind === 'esp' && isSecond(trial, bench.hosts)
  await shoot(
    bench,
    trials.filter((trial) => !isBack(trial)),
  )
  await shoot(bench, trials.filter(isBack))
  return trials.map((trial) => findingOf(trial, bench))
}

function trialsOf(from: MeasuredHost, to: MeasuredHost, dataPathPort: number): Trial[] {
  const control = { from, to, source: from.advertise, target: to.advertise }
  const data = { from, to, source: from.dataPath, target: to.dataPath }
  return [
    ...(to.isManager ? [{ ...control, kind: 'tcp' as const, port: managementPort, shots: [] }] : []),
    { ...control, kind: 'tcp', port: gossipPort, shots: [] },
    { ...control, kind: 'udp', port: gossipPort, shots: [] },
    { ...data, kind: 'udp', port: dataPathPort, shots: [] },
    { ...data, kind: 'esp', port: 0, shots: [] },
  ]
}

/** Round a circle of hosts, those half of it ahead come first: each host then receives from one it has not sent to. */
function isSecond({ from, to }: Trial, hosts: readonly MeasuredHost[]): boolean {
  const ahead = (hosts.indexOf(to) - hosts.indexOf(from) + hosts.length) % hosts.length
  const half = hosts.length / 2
  return ahead > half || (ahead === half && hosts.indexOf(from) > hosts.indexOf(to))
}

async function shoot(bench: Bench, trials: readonly Trial[]): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const open = trials.filter((trial) => !isKnown(trial, bench) && (attempt === 0 || trial.kind !== 'tcp'))
    if (open.length === 0) return
    const lines = new Map<string, string[]>()
    for (const trial of open) {
      const id = bench.nextId()
      trial.shots.push(id)
      bench.sightings.expect({
        id,
        from: trial.from.name,
        to: trial.to.name,
        target: trial.target,
        port: trial.port,
      })
      const own = lines.get(trial.from.name) ?? []
      lines.set(trial.from.name, [...own, lineOf(trial, id, bench)])
    }
    for (const [name, own] of lines) bench.agents.get(name)?.send(own)
    await bench.sightings.settle(
      () => open.every((trial) => isKnown(trial, bench)),
      bench.settleMs,
      bench.signal,
    )
    // A connection that is dropped takes longer to fail than a datagram to be lost.
    const dialled = open.filter(({ kind }) => kind === 'tcp')
    const ended = (): boolean => dialled.every((trial) => merged(trial, bench).errno !== undefined)
    await bench.sightings.settle(ended, dialSeconds * 1000 + bench.settleMs, bench.signal)
  }
}

function lineOf(trial: Trial, id: number, bench: Bench): string {
  const { kind, source, target, port } = trial
  if (kind !== 'tcp') return protocolLine(kind, id, source, target, port, smallBytes)
  return protocolLine('tcp', id, source, target, port, dialSeconds, isHeld(trial, bench) ? 0 : 1)
}

/** Something else than our agent has the receiver's port. */
function isHeld({ to, kind, port }: Trial, bench: Bench): boolean {
  return bench.agents.get(to.name)?.held.has(`${kind} ${port}`) ?? false
}

/** As much is known as can be: there is nothing more to wait for. */
function isKnown(trial: Trial, bench: Bench): boolean {
  if (trial.shots.length === 0) return false
  const seen = merged(trial, bench)
  const failed = seen.errno !== undefined && seen.errno !== 0
  // What was sent by nobody is not waited for; of a connection that failed it is still to be seen how far it came.
  if (trial.kind === 'tcp') {
    return failed ? seen.arrived : seen.errno === 0 && (isHeld(trial, bench) || seen.got)
  }
  return failed || (isHeld(trial, bench) ? seen.arrived : seen.got)
}

function merged({ shots }: Trial, { sightings }: Bench): Sighting {
  const all = shots.map((id) => sightings.of(id))
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

function findingOf(trial: Trial, bench: Bench): PortFinding {
  const seen = merged(trial, bench)
  const blind = (host: MeasuredHost): boolean => bench.agents.get(host.name)?.blind !== undefined
  const reached = seen.got || seen.connected
  const arrived = look(seen.arrived || reached, blind(trial.to))
  const left = look(seen.left || seen.arrived || reached, blind(trial.from))
  const held = isHeld(trial, bench)
  const accepted: Seen =
    trial.kind === 'tcp' ? look(held ? seen.connected : seen.got, false) : look(seen.got, held)
  const facts = {
    from: trial.from.name,
    to: trial.to.name,
    what: trial.kind === 'esp' ? 'esp' : `${trial.port}/${trial.kind}`,
    ...{ left, arrived, accepted },
  }
  const detail = portSentence(facts, {
    errno: seen.errno ?? 0,
    held,
    translatedTo: seen.source === undefined || seen.source === trial.source ? undefined : seen.source,
    firewallOfSender: trial.from.firewall,
    firewallOfReceiver: trial.to.firewall,
  })
  return { ...facts, detail }
}

function look(seen: boolean, cannotKnow: boolean): Seen {
  return seen ? 'yes' : cannotKnow ? 'unknown' : 'no'
}
