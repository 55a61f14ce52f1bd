import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { httpBody } from '../../lib/probe/http.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { type VipAnswer, discovery } from '../scene/discovery.ts'
import { outcomeText } from '../scene/outcome.ts'
import { requireTaskOnEveryNode, taskLabel } from '../scene/pair.ts'
import { overlayTutorial } from '../source.ts'

export const vipAnswers = conformanceTest({
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
  async run(context) {
    const { cluster, stack, evidence } = context
    const { web } = stack.services
    const { vip } = await discovery(context)
    const names = new Set(
      tasksOn(stack, 'clear')
        .filter(({ service }) => service === web.name)
        .map(({ hostname }) => hostname),
    )
    evidence.observe(
      `answers of the virtual IP of ${web.name}`,
      vip.map(({ from, address, icmp, tcp }) => ({
        from: taskLabel(from),
        address,
        ping: icmp.outcome,
        pingMs: Math.round(icmp.elapsedMs),
        tcp: tcp.outcome,
        tcpMs: Math.round(tcp.elapsedMs),
        answeredBy: httpBody(tcp.replies[0])?.trim(),
      })),
    )
    requireNone(
      `the virtual IP of ${web.name} answers ping and TCP from every node`,
      vip.flatMap((answer) => problemsOf(answer, names)),
    )
    if (vip.length === 0) throw new Error(`${web.name} has no virtual IP, or no task is there to ask it`)
    requireTaskOnEveryNode(
      cluster.nodes,
      vip.map(({ from }) => from),
      stack.networks.clear.name,
    )
    evidence.conclude(
      `${vip[0]?.address} answered ping and TCP from ${vip.length} nodes, TCP through a task of ${web.name}`,
    )
  },
})

function problemsOf({ from, address, icmp, tcp }: VipAnswer, names: ReadonlySet<string>): string[] {
  const path = `${taskLabel(from)} → ${address}`
  const answered = httpBody(tcp.replies[0])?.trim()
  return [
    ...(icmp.outcome === 'answered' ? [] : [`${path}: ping ${outcomeText(icmp)}`]),
    ...(tcp.outcome === 'answered' ? [] : [`${path}: TCP port 80 ${outcomeText(tcp)}`]),
    ...(tcp.outcome === 'answered' && !names.has(answered ?? '')
      ? [`${path}: TCP answered by '${answered ?? 'no HTTP'}', which is no task of the service`]
      : []),
  ]
}
