import { plantRules } from '../change/firewall-rules.ts'
import { tasksOn } from '../swarm/stack.ts'
import { inBackground } from './background.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { perlFile } from '../script-file.ts'
import { requireForFault, victim } from './scripted.ts'

/** The port LB-01 sends several requests over one connection to. */
const linePort = 7010
/** Nothing else listens there. */
const relayPort = 7999

/**
 * A relay in the namespace of a client, and a rule that leads the client’s connections to it. It asks another task for
 * each line, as a balancer of requests would; what IPVS does is another matter and stays as it is.
 */
export const requestsSpread: Fault = {
  name: 'requests-spread',
  description: 'On one node a relay spreads the requests of one connection to a virtual IP over the tasks.',
  breaks: ['LB-01'],
  namedBy: { code: 'foreign-translation', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const { clear } = stack.networks
    const { web, rr } = stack.services
    const on = tasksOn(stack, 'clear')
    const client = requireForFault(
      on.find((task) => task.service === rr.name && task.node === node),
      'a client of the virtual IP',
    )
    const tasks = on.flatMap((task) =>
      task.service === web.name ? (task.endpoints[clear.name]?.address ?? []) : [],
    )
    const namespace = `/proc/${client.pid}/ns/net`
    const end = await inBackground(node.host, {
      program: relay,
      words: [relayPort, linePort, ...tasks],
      namespace,
    })
    const rule = sh`-p tcp -d ${requireForFault(web.vips[clear.id], 'a virtual IP')} --dport ${linePort} -j REDIRECT --to-ports ${relayPort}`
    const straight = await plantRules(node.host, [{ table: 'nat', chain: 'OUTPUT', rule }], namespace)
    return {
      host: node.host.name,
      remove: async () => {
        await straight()
        await end()
      },
    }
  },
}

/** Its port, that of the tasks, and their addresses. */
const relay = perlFile(import.meta.url, 'requests-spread.pl')
