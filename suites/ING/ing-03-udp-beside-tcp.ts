import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { ingressMissing } from '../scene/recordings/mesh.ts'
import { portAnswers, portProblems } from '../scene/judging/port-answers.ts'
import { publishing } from '../scene/recordings/publishing.ts'
import { docs } from '../source.ts'

export const udpBesideTcp = requirement({
  id: 'ING-03',
  requirement: 'UDP publishing works; TCP and UDP together on one port work.',
  source: [docs('Publish ports on an overlay network')],
  safety: 'production',
  needs: ['two-nodes', 'ipvs'],
  method:
    'A service publishes TCP and UDP on the same port. Every other node makes connections to that port of a node and sends datagrams to it, each from a fresh socket, twice as many as there are tasks, in one call. An echo server listens in every task meanwhile. Every datagram must come back as it was sent, and every connection must be answered by a task.',
  usualCauses: [
    'a firewall lets the port pass for TCP only',
    'the DNAT rule for one of the protocols is gone',
    'stale UDP entries of IPVS lead to a task that has gone: moby/moby#36878',
  ],
  remedy: [
    'iptables -t nat -S | grep PORT on the node: one DNAT rule per protocol must be there',
    'nsenter --net=/run/docker/netns/ingress_sbox iptables -t mangle -S PREROUTING: one mark per protocol',
    'docker service inspect SERVICE --format "{{json .Endpoint.Ports}}"',
  ],
  codes: ['port-not-answered', 'answered-by-another', 'altered-on-the-way'],
  changes: [],
  quiet: [],
  reads: [publishing],
  observe: async (lab) => ({ publishing: await lab.scene(publishing) }),
  judge({ publishing: { asked } }, facts) {
    const { dual } = facts.services
    const tasks = facts.tasks.filter(({ service }) => service === dual.name)
    const behind = { service: dual.name, hostnames: new Set(tasks.map(({ hostname }) => hostname)) }
    const shared = dual.published.filter(({ publishedPort, protocol }) =>
      dual.published.some((other) => other.publishedPort === publishedPort && other.protocol !== protocol),
    )
    const answers = portAnswers(asked.filter(({ service }) => service === dual.name)).filter((one) =>
      shared.some(({ publishedPort }) => publishedPort === one.port),
    )
    const byBoth = (['TCP', 'UDP'] as const).every((wanted) =>
      answers.some(({ protocol }) => protocol === wanted),
    )
    const sent = (wanted: 'TCP' | 'UDP'): number =>
      answers.filter(({ protocol }) => protocol === wanted).reduce((sum, one) => sum + one.sent, 0)
    const seesTasks = tasks.length > 0
    return judgement({
      problems: seesTasks ? answers.flatMap((one) => portProblems(one, behind)) : [],
      missing: ingressMissing(facts),
      unseen: [
        ...(seesTasks ? [] : [{ what: `a running task of ${dual.name}`, nodes: [] }]),
        ...(byBoth ? [] : [{ what: `a port that ${dual.name} publishes by both protocols`, nodes: [] }]),
      ],
      tables: {
        'connections and datagrams by node asked': answers.map((one) => ({
          ...{ from: one.from, node: one.to, port: `${one.port}/${one.protocol}`, sent: one.sent },
          ...{ answered: one.answered, altered: one.altered, silence: one.silence },
        })),
      },
      conclusion: byBoth
        ? `on ${facts.nodes.length} nodes ${sent('TCP')} connections and ${sent('UDP')} datagrams to port ${shared[0]?.publishedPort} were all answered`
        : '',
    })
  },
})
