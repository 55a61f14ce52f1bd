import { protocolLine } from '../remote/protocol-line.ts'
import type { Progress } from '../progress.ts'
import { step } from '../progress.ts'
import { type PreflightAgent, startAgent } from './agent.ts'
import { type Bench, gossipPort, managementPort, type MeasuredHost } from './bench.ts'
import type { Preflight } from './finding.ts'
import { measureMtu } from './measure-mtu.ts'
import { measurePorts } from './measure-ports.ts'
import { Sightings } from './sightings.ts'

export interface MeasureOptions {
  readonly dataPathPort: number
  readonly progress: Progress
  readonly signal: AbortSignal
  /** How long to wait for what was sent, each time. Default 2000. */
  readonly settleMs?: number
}

/**
 * Measures, for every ordered pair of hosts, what a swarm needs between them, whether one runs or not: one program on
 * each host holds the ports that are free, watches the interfaces and sends at most a few small datagrams a pair and
 * port, and then, for the path MTU, some large ones. Nothing is changed on the hosts, and nothing is left there.
 * A firewall that lets in answers only will let in ESP from where ESP was sent to: protocol 50 has no ports to tell
 * flows apart. Pairs are therefore tried in an order in which, among three hosts or more, each host receives before it
 * has sent.
 */
export async function measure(hosts: readonly MeasuredHost[], options: MeasureOptions): Promise<Preflight> {
  const { dataPathPort, progress, signal, settleMs = 2000 } = options
  const sightings = new Sightings()
  const agents = new Map<string, PreflightAgent>()
  const unmeasured: { host: string; why: string }[] = []
  let id = Math.floor(Math.random() * 0x3fff_ffff)
  try {
    await Promise.all(
      hosts.map(async (host) => {
        try {
          const agent = await startAgent(host.remote, plan(host, dataPathPort), (event) =>
            sightings.take(host.name, event),
          )
          agents.set(host.name, agent)
          if (agent.blind !== undefined)
            unmeasured.push({ host: host.name, why: `cannot watch its interfaces: ${agent.blind}` })
        } catch (error) {
          unmeasured.push({ host: host.name, why: error instanceof Error ? error.message : String(error) })
        }
      }),
    )
    const able = hosts.filter(({ name }) => agents.has(name))
    const bench: Bench = {
      hosts: able,
      agents,
      sightings,
      dataPathPort,
      settleMs,
      signal,
      nextId: () => (id += 1),
    }
    const ports = await step(progress, 'Measuring ports', undefined, () => measurePorts(bench))
    const mtu = await step(progress, 'Measuring path MTU', undefined, () => measureMtu(bench, ports))
    return { ports, mtu, unmeasured }
  } finally {
    await Promise.allSettled([...agents.values()].map((agent) => agent[Symbol.asyncDispose]()))
  }
}

function plan(host: MeasuredHost, dataPathPort: number): string[] {
  return [
    ...(host.isManager ? [protocolLine('listen', 'tcp', host.advertise, managementPort)] : []),
    protocolLine('listen', 'tcp', host.advertise, gossipPort),
    protocolLine('listen', 'udp', host.advertise, gossipPort),
    protocolLine('listen', 'udp', host.dataPath, dataPathPort),
    'listen esp',
    protocolLine('watch', managementPort, gossipPort),
  ]
}
