import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { ingressNamespace } from '../../lib/swarm/namespaces.ts'
import { namespaceOf, rootOf, stateOf } from '../scene/kernel.ts'
import { addressOn, taskLabel } from '../scene/pair.ts'
import { internals, moby } from '../source.ts'
import { followChain } from './chain.ts'

export const chain = conformanceTest({
  id: 'ING-05',
  requirement:
    'The chain is there on every node: DOCKER-INGRESS DNAT → ingress_sbox → mangle MARK → IPVS fwmark service with the running tasks.',
  source: [internals('ingress')],
  safety: 'production',
  needs: ['ipvs'],
  byEngine: [
    {
      since: '28.0.1',
      expected:
        'filter FORWARD leads to DOCKER-INGRESS by way of DOCKER-FORWARD, no longer by a rule of its own',
      source: moby('libnetwork/service_linux.go, programIngress'),
    },
  ],
  method:
    'The published port is followed through the kernel state of every node: nat PREROUTING, nat OUTPUT (for clients on the node itself) and filter FORWARD must lead to DOCKER-INGRESS, nat POSTROUTING must masquerade what the node itself sends to docker_gwbridge, the DNAT rule of DOCKER-INGRESS for the port to the address of ingress_sbox on docker_gwbridge, a rule in mangle PREROUTING of the sandbox must mark the port, and the IPVS service of that mark must list exactly the running tasks by their ingress addresses.',
  usualCauses: [
    'a firewall was reloaded (firewalld, ufw, iptables-restore) and removed the engine’s rules',
    'the engine was updated or switched between iptables-legacy and iptables-nft without a reboot',
    'gossip does not reach the node, so its balancer has not heard of all tasks',
  ],
  remedy: [
    'iptables -t nat -S DOCKER-INGRESS; iptables -S FORWARD; iptables -S DOCKER-FORWARD',
    'nsenter --net=/run/docker/netns/ingress_sbox iptables -t mangle -S; the same with ipvsadm -ln',
    'restart the engine of the node: it makes its rules anew; order firewall and engine so that the firewall starts first',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    const states = await context.state()
    const { web } = stack.services
    const ports = web.published.filter(({ mode }) => mode === 'ingress')
    const backends = stack.tasks
      .filter((task) => task.service === web.name)
      .map((task) => ({ name: taskLabel(task), address: addressOn(task, stack.networks.ingress) }))
    const followed = cluster.nodes.flatMap((node) => {
      const state = stateOf(states, node)
      const root = rootOf(state, 'iptables-save')
      const sandbox = namespaceOf(state, ingressNamespace, 'iptables-save')
      return ports.map((port) => ({
        node: node.host.name,
        port: `${port.publishedPort}/${port.protocol}`,
        ...followChain(root, sandbox, port, backends),
      }))
    })
    evidence.observe('where the published port leads', followed)
    evidence.observe('running tasks on ingress', backends)
    requireNone(
      'every node leads the published port to the running tasks',
      followed.flatMap(({ node, problems }) => problems.map((problem) => `${node}: ${problem}`)),
    )
    if (followed.length === 0) throw new Error(`service ${web.name} publishes nothing through ingress`)
    evidence.conclude(
      `on ${cluster.nodes.length} nodes the chain leads from the published port to all ${backends.length} tasks`,
    )
  },
})
