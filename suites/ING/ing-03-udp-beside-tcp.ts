import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { requireIngress } from '../../lib/swarm/no-ingress.ts'
import { outcomeText } from '../scene/outcome.ts'
import { answeredWhole, publishing } from '../scene/publishing.ts'
import { docs } from '../source.ts'

export const udpBesideTcp = conformanceTest({
  id: 'ING-03',
  requirement: 'UDP publishing works; TCP and UDP together on one port work.',
  source: [docs('Publish ports on an overlay network')],
  safety: 'production',
  needs: ['two-nodes', 'ipvs'],
  method:
    'A service publishes TCP and UDP on the same port. Every other node makes connections to that port of a node and sends datagrams to it, each from a fresh socket, twice as many as there are tasks, in one call. An echo server listens in every task meanwhile. Every datagram must come back as it was sent, and every connection must be answered by a task.',
  usualCauses: [
    'a firewall lets the port pass for TCP only',
    'the rules of DOCKER-INGRESS for one of the protocols are gone',
    'stale UDP entries of IPVS lead to a task that has gone: moby/moby#36878',
  ],
  remedy: [
    'iptables -t nat -S DOCKER-INGRESS on the node: one DNAT rule per protocol must be there',
    'nsenter --net=/run/docker/netns/ingress_sbox iptables -t mangle -S PREROUTING: one mark per protocol',
    'docker service inspect SERVICE --format "{{json .Endpoint.Ports}}"',
  ],
  async run(context) {
    const { cluster, stack, evidence } = context
    requireIngress(stack)
    const { asked, dualTasks } = await publishing(context)
    const { dual } = stack.services
    const shared = dual.published.filter(({ publishedPort, protocol }) =>
      dual.published.some((other) => other.publishedPort === publishedPort && other.protocol !== protocol),
    )
    const hostnames = new Set(dualTasks.map(({ hostname }) => hostname))
    const rows = asked
      .filter(({ service, port }) => service === dual && shared.includes(port))
      .map((one) => ({ ...one, whole: answeredWhole(one, hostnames) }))
    if (!['tcp', 'udp'].every((protocol) => rows.some(({ port }) => port.protocol === protocol)))
      throw new Error(`service ${dual.name} publishes no port by both protocols`)
    const counted = cluster.nodes.flatMap((to) =>
      shared.map((port) => {
        const own = rows.filter((row) => row.to === to && row.port === port)
        return {
          node: to.host.name,
          port: `${port.publishedPort}/${port.protocol}`,
          sent: own.reduce((sum, { observation }) => sum + observation.attempts.length, 0),
          failed: own.filter(({ whole }) => !whole).length,
        }
      }),
    )
    evidence.observe('connections and datagrams by node asked', counted)
    requireNone('TCP and UDP are both answered on the port they share', [
      ...new Set(
        rows
          .filter(({ whole }) => !whole)
          .map(({ from, to, port, observation }) => {
            const got = observation.outcome === 'answered' ? 'answered otherwise' : outcomeText(observation)
            return `${to.host.name}, asked by ${from.host.name} on ${port.publishedPort}/${port.protocol}: ${got}`
          }),
      ),
    ])
    const sent = (protocol: string): number =>
      counted.filter(({ port }) => port.endsWith(protocol)).reduce((sum, row) => sum + row.sent, 0)
    evidence.conclude(
      `on ${cluster.nodes.length} nodes ${sent('tcp')} connections and ${sent('udp')} datagrams to port ${shared[0]?.publishedPort} were all answered`,
    )
  },
})
