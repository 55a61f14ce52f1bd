import { setTimeout as sleep } from 'node:timers/promises'
import { type Look, eventually } from '../eventually.ts'
import type { Cluster } from '../swarm/cluster.ts'
import { readNetworkViews } from '../swarm/network-view.ts'
import type { Stack } from '../swarm/stack.ts'
import { plantRules } from '../change/firewall-rules.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { gossipPort } from '../topology/swarm-defaults.ts'

const noticedWithinMs = 180_000
/** Nodes that know each other again exchange what they missed within that time (networkdb: bulkSyncInterval). */
const tablesExchangedMs = 30_000

/** The node stays Ready, because 2377 still works, but the others’ gossip gives it up. */
export const gossipCutOff: Fault = {
  name: 'gossip-cut-off',
  description: 'A node’s gossip on port 7946 is cut off from all others, both ways',
  breaks: ['CTL-02', 'CTL-03', 'CTL-10', 'OVL-06', 'DSC-02'],
  // Its rules are for both ways, and one way is enough.
  namedBy: { code: 'outgoing-dropped', at: 'host' },
  besides: ['host-firewall-drops'],
  async plant(on) {
    const node = on.cluster.nodes.findLast((candidate) => candidate !== on.cluster.manager)
    if (node === undefined) throw new Error('this fault needs two nodes')
    const rules = ['udp', 'tcp'].flatMap((protocol) => [
      {
        chain: 'INPUT',
        rule: sh`-i ${node.advertise.interface} -p ${protocol} --dport ${gossipPort} -j DROP`,
      },
      {
        chain: 'OUTPUT',
        rule: sh`-o ${node.advertise.interface} -p ${protocol} --dport ${gossipPort} -j DROP`,
      },
    ])
    const removeRules = await plantRules(node.host, rules)
    const remove = async (): Promise<void> => {
      await removeRules()
      await peersAre(on, (counts) => counts.every((count) => count === on.cluster.nodes.length))
      await sleep(tablesExchangedMs)
    }
    try {
      await peersAre(on, (counts) => counts.every((count) => count < on.cluster.nodes.length))
    } catch (error) {
      await remove()
      throw error
    }
    return { host: node.host.name, remove }
  },
}

async function peersAre(
  { cluster, stack }: { readonly cluster: Cluster; readonly stack: Stack },
  enough: (counts: readonly number[]) => boolean,
): Promise<void> {
  const look = async (): Promise<Look<void>> => {
    const views = await readNetworkViews(cluster)
    const counts = [...views.values()].map(
      (networks) => networks.find(({ id }) => id === stack.networks.ingress.id)?.peers.length ?? 0,
    )
    return enough(counts)
      ? { ready: true, value: undefined }
      : { ready: false, seen: `the nodes know ${counts.join(', ')} peers` }
  }
  await eventually({ what: 'gossip takes notice', withinMs: noticedWithinMs, everyMs: 2000 }, look)
}
