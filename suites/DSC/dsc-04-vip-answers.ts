import { requirement } from '../../lib/conformance/test.ts'
import { tasksIn } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { outcomeSeen } from '../../lib/observation/probe-seen.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { discovery, type VipTried } from '../scene/recordings/discovery.ts'
import { unseenFrom } from '../scene/judging/unseen-from.ts'
import { overlayTutorial } from '../source.ts'

export const vipAnswers = requirement({
  id: 'DSC-04',
  requirement: 'The VIP answers ping and TCP from every node.',
  source: [overlayTutorial('User-Defined Overlay Network'), overlayTutorial('Routing Mesh')],
  safety: 'production',
  needs: ['ipvs'],
  method:
    'A task on every node that has one on the clear network sends an ICMP echo and an HTTP request to the virtual IP of the service. Both must be answered, the request by one of the service’s tasks.',
  usualCauses: [
    'IPVS is missing in the kernel, or its table in the load balancer’s namespace is empty: ping answers, TCP does not',
    'the load balancer’s namespace is missing on the node, so not even ping answers',
    'the data path to the node of a task is blocked: some requests are answered, some are not',
  ],
  remedy: [
    'on the node named: nsenter --net=/run/docker/netns/lb_… ipvsadm -ln, lsmod | grep ip_vs',
    'restart the engine of that node; see LB-02 and CTL-04',
  ],
  codes: ['virtual-ip-silent', 'answered-by-another'],
  changes: [],
  quiet: [],
  reads: [discovery],
  observe: async (lab) => ({ discovery: await lab.scene(discovery) }),
  judge({ discovery: { vip } }, facts) {
    const { web } = facts.services
    const { clear } = facts.networks
    const names = tasksIn(facts, 'clear')
      .filter(({ service }) => service === web.name)
      .map(({ hostname }) => hostname)
    const nodes = new Set(vip.map(({ probe }) => probe.fromNode)).size
    return judgement({
      problems: vip.flatMap(
        (one) => vipProblem(one, { names, service: web.name, network: clear.name }) ?? [],
      ),
      unseen: [
        ...unseenFrom(facts, 'clear'),
        ...(web.vips[clear.id] ? [] : [{ what: `a virtual IP of ${web.name} to ask`, nodes: [] }]),
      ],
      tables: {
        [`answers of the virtual IP of ${web.name}`]: vip.map(({ protocol, probe }) => ({
          from: probe.from,
          address: probe.to,
          protocol,
          outcome: probe.outcome,
          ms: Math.round(probe.elapsedMs),
          ...(protocol === 'tcp' ? { answeredBy: probe.replies[0] ?? '' } : {}),
        })),
      },
      conclusion:
        vip.length === 0
          ? ''
          : `${vip[0]?.probe.to} answered ping and TCP from ${nodes} nodes, TCP through a task of ${web.name}`,
    })
  },
})

/** Why the virtual IP did not answer one node as it should, with what is known of the service. */
function vipProblem(
  { protocol, probe }: VipTried,
  of: { readonly names: readonly string[]; readonly service: string; readonly network: string },
): Problem | undefined {
  const where = {
    ...{ node: probe.fromNode, ends: { from: probe.from, to: of.service } },
    ...{ network: of.network, service: of.service, address: probe.to, protocol: protocol.toUpperCase() },
    ...(probe.port === undefined ? {} : { port: probe.port }),
  }
  if (probe.outcome !== 'answered')
    return { ...where, code: 'virtual-ip-silent', kind: 'missed', observed: outcomeSeen(probe) }
  const answered = probe.replies[0] ?? ''
  if (protocol === 'icmp' || of.names.includes(answered)) return undefined
  return {
    ...{ ...where, code: 'answered-by-another', kind: 'seen' },
    ...{ expected: of.service, observed: answered || 'no HTTP' },
  }
}
