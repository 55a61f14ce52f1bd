import type { ObserveContext } from '../../lib/conformance/context.ts'
import { observePart } from '../../lib/conformance/missing.ts'
import { type Change, reversibly } from '../../lib/change/reversibly.ts'
import type { Part } from '../../lib/observation/part.ts'
import { sh } from '../../lib/script.ts'
import { type ClusterNode, takers } from '../../lib/swarm/cluster.ts'
import { type Undone, undoing } from '../RES/undoing.ts'
import { inject, type Injected } from '../scene/recordings/injection.ts'
import { secretNodes } from './ledger-nodes.ts'
import { targetPerNode } from './targets.ts'

/** What came of injecting behind an ACCEPT rule that stood first. */
export interface Behind {
  /** Into a network made meanwhile, and into the standing one, which the rule shadows. */
  readonly made: Part<{ readonly injected: Injected; readonly network: string }>
  /** By node. */
  readonly undone: Readonly<Record<string, Undone>>
}

/** Lets VXLAN in first on every member, and injects into a network that is made meanwhile. */
export async function behindAdminRule(lab: ObserveContext): Promise<Behind> {
  const nodes = secretNodes(lab.stack)
  const change = { ...acceptFirst(lab.cluster.dataPathPort), run: lab.label }
  const accepting = await Promise.allSettled(nodes.map(({ host }) => reversibly(host, change)))
  const undone: Record<string, Undone> = {}
  let made: Behind['made']
  try {
    made = await observePart(() => {
      const refused = accepting.find((one) => one.status === 'rejected')
      if (refused !== undefined) throw refused.reason
      return intoNetworkMadeNow(lab, nodes)
    })
  } finally {
    await Promise.all(
      accepting.map(async (one, index) => {
        const name = nodes[index]?.host.name ?? ''
        if (one.status === 'fulfilled') undone[name] = await undoing(one.value)
      }),
    )
  }
  return { made, undone }
}

/** As an administrator lets VXLAN in from anywhere. */
function acceptFirst(port: number): Change {
  const rule = ['INPUT', '-p', 'udp', '--dport', port, '-j', 'ACCEPT']
  return {
    name: 'accept-first',
    do: sh`iptables -w -I ${rule}`,
    undo: sh`iptables -w -D ${rule} 2>/dev/null || ! iptables -w -C ${rule} 2>/dev/null`,
    deadManSeconds: 600,
  }
}

async function intoNetworkMadeNow(
  lab: ObserveContext,
  nodes: readonly ClusterNode[],
): Promise<{ injected: Injected; network: string }> {
  await using trial = lab.trial('enc05')
  const network = await trial.network('net', ['--opt', 'encrypted'])
  const service = await trial.service('svc', [
    ...['--network', network.name],
    ...['--mode', 'global', '--endpoint-mode', 'dnsrr'],
  ])
  const tasks = await trial.running([service], takers(lab.cluster).length)
  const states = await lab.kernel({ fresh: true })
  const targets = nodes.flatMap((node) => {
    const task = tasks.find((candidate) => candidate.node === node)
    return task === undefined ? [] : [{ network, task }]
  })
  const injected = await inject(lab, [...targets, ...targetPerNode(lab, 'secret')], states)
  return { injected, network: network.name }
}
