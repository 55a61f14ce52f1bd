import { setTimeout as sleep } from 'node:timers/promises'
import { plantRules } from '../change/firewall-rules.ts'
import { type Script, scriptLines, sh } from '../script.ts'
import type { ClusterNode } from '../swarm/cluster.ts'
import { gatewayBridgeName, gossipPort } from '../topology/swarm-defaults.ts'
import type { Fault } from './fault.ts'
import { scripted, victim } from './scripted.ts'

/** One rule at the top of a chain of one node, as operators put it there. */
function droppedByOperator({
  chain,
  match,
  ...declared
}: Pick<Fault, 'name' | 'description' | 'breaks'> & {
  readonly chain: string
  readonly match: (node: ClusterNode) => Script
}): Fault {
  return {
    ...declared,
    namedBy: { code: 'host-firewall-drops', at: 'host' },
    async plant({ cluster }) {
      const node = victim(cluster)
      const rule = sh`${match(node)} -j DROP`
      return { host: node.host.name, remove: await plantRules(node.host, [{ chain, rule }]) }
    },
  }
}

export const forwardDropped = droppedByOperator({
  name: 'forward-dropped',
  description: 'A rule before the engine’s in FORWARD drops on one node what is for its tasks.',
  breaks: ['ING-01'],
  chain: 'FORWARD',
  match: ({ advertise }) => sh`-i ${advertise.interface} -o ${gatewayBridgeName}`,
})

/** memberlist asks one peer a second, and complains of one that did not answer; after so long it has asked all again. */
const quietAfterMs = (nodes: number): number => 20_000 + 4_000 * nodes

const datagramsDropped = droppedByOperator({
  name: 'gossip-datagrams-dropped',
  description: 'The firewall of one node lets in gossip by TCP and drops it by UDP.',
  breaks: ['CTL-03'],
  chain: 'INPUT',
  match: ({ advertise }) => sh`-i ${advertise.interface} -p udp --dport ${gossipPort}`,
})

export const gossipDatagramsDropped: Fault = {
  ...datagramsDropped,
  async plant(on) {
    const { remove, ...planted } = await datagramsDropped.plant(on)
    return {
      ...planted,
      async remove() {
        await remove()
        await sleep(quietAfterMs(on.cluster.nodes.length))
      },
    }
  },
}

const kept = '/run/swarmproof-ruleset'

/** Some of the flushing may have been done when it fails. */
const restored = sh`iptables-restore -w < ${kept} && rm ${kept}`

/** What `nft flush ruleset` leaves, by a tool that every host with an engine has: no policy drops either. */
const flushed = scriptLines([
  ...['INPUT', 'FORWARD', 'OUTPUT'].map((chain) => sh`iptables -w -P ${chain} ACCEPT`),
  ...['filter', 'nat', 'mangle', 'raw'].flatMap((table) => [
    sh`iptables -w -t ${table} -F`,
    sh`iptables -w -t ${table} -X`,
  ]),
])

export const rulesFlushed: Fault = {
  name: 'rules-flushed',
  description: 'A firewall that was loaded again has flushed all rules of one node.',
  breaks: ['ENC-01', 'ING-01'],
  namedBy: { code: 'engine-rules-gone', at: 'host' },
  plant: ({ cluster }) =>
    scripted(victim(cluster), {
      plant: scriptLines([
        sh`umask 077; iptables-save > ${kept}`,
        sh`sh -ec ${flushed.text} || { ${restored}; exit 1; }`,
      ]),
      remove: restored,
    }),
}
