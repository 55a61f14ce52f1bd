import type { ObserveContext } from '../../lib/conformance/context.ts'
import { type Planned, type Sent, sendPlan } from '../../lib/conformance/send-plan.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { addressIn, type ClusterFacts, taskName, tasksIn } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { outcomeSeen } from '../../lib/observation/probe-seen.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { dnsQuery } from '../../lib/probe/dns.ts'
import { httpGet } from '../../lib/probe/http.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { virtualIpProblems } from '../scene/judging/name-problems.ts'
import { inTask } from '../scene/sending/pair.ts'
import { unseenFrom } from '../scene/judging/unseen-from.ts'
import { overlayTutorial } from '../source.ts'
import { tasksAt } from '../scene/sending/counted.ts'

export const stackNetwork = requirement({
  id: 'OVL-14',
  requirement:
    '`stack deploy` creates `<stack>_default`, or the declared network; its services find each other by short name.',
  source: [overlayTutorial('Default Overlay Network'), overlayTutorial('User-Defined Overlay Network')],
  safety: 'production',
  needs: ['ipvs', 'active-manager'],
  method:
    'A stack of two services was deployed from a compose file that declares no network for them. A network <stack>_default must exist and hold all their tasks. Every task asks its resolver for both services by the names they have in the file: the answer must be the virtual IP the API tells, and an HTTP request to that address must be answered by a task of that service.',
  usualCauses: [
    'the compose file puts the services on different networks, or one on a network that exists already',
    'gossip (7946) does not reach a node, so its resolver does not know the other service',
    'the resolver finds the name but its load balancer is empty on that node: see LB-02',
  ],
  remedy: [
    'docker stack config --compose-file FILE shows what is deployed; docker network inspect STACK_default',
    'nsenter -t PID -n nslookup SERVICE 127.0.0.11 on the host named',
  ],
  codes: [
    'task-not-attached',
    'name-not-answered',
    'name-refused',
    'name-lists-twice',
    'virtual-ip-not-resolved',
    'virtual-ip-not-alone',
    'virtual-ip-silent',
    'answered-by-another',
  ],
  changes: [],
  quiet: [],
  reads: [],
  probes: (lab) => 4 * tasksAt(lab, 'shop').length,
  observe: async (lab) => ({ looks: await askByShortName(lab) }),
  judge({ looks }, facts) {
    const { shop } = facts.networks
    const services = [facts.services.front, facts.services.back]
    const tasks = tasksIn(facts, 'shop')
    const names = [...new Set(looks.filter(({ what }) => what === 'name').map(({ name }) => name))]
    const without = services.filter(({ name }) => !tasks.some(({ service }) => service === name))
    const nameless = services.filter(({ vips }) => !vips[shop.id])
    return judgement({
      problems: [
        ...facts.tasks
          .filter((task) => services.some(({ name }) => name === task.service))
          .filter((task) => addressIn(task, shop) === '')
          .map((task): Problem => ({
            ...{ code: 'task-not-attached', kind: 'missed', node: task.node, network: shop.name },
            ...{ service: task.service, subject: taskName(task) },
          })),
        ...looks.flatMap((look) => problemsOf(look, facts)),
      ],
      unseen: [
        ...unseenFrom(facts, 'shop'),
        ...without.map(({ name }) => ({ what: `a task of ${name} to be found`, nodes: [] })),
        ...nameless.map(({ name }) => ({ what: `a virtual IP of ${name} to ask`, nodes: [] })),
      ],
      tables: {
        'the stack’s network': { name: shop.name, subnet: shop.subnet, tasks: tasks.map(taskName) },
        'short names as each task finds them': looks.map(({ what, name, probe }) =>
          what === 'name'
            ? { task: probe.from, name, addresses: probe.dns?.addresses ?? [] }
            : { task: probe.from, name, http: probe.outcome, answeredBy: probe.replies[0] ?? '' },
        ),
      },
      conclusion:
        looks.length === 0
          ? ''
          : `${tasks.length} tasks on ${new Set(tasks.map(({ node }) => node)).size} nodes share ${shop.name}; each finds ${names.join(' and ')} at their virtual IPs, and tasks of these answer there`,
    })
  },
})

interface Looking {
  /** A task asks its resolver for a short name, or requests a page of the virtual IP the API tells. */
  readonly what: 'name' | 'http'
  /** As the compose file has it. */
  readonly name: string
  /** Name of the service that must answer to it. */
  readonly service: string
}

type Look = Sent<Looking>

function askByShortName({ stack, probe }: ObserveContext): Promise<Look[]> {
  const { front, back } = stack.services
  const plan = tasksOn(stack, 'shop').flatMap((task) =>
    [front, back].flatMap((service): Planned<Looking>[] => {
      const from = inTask(task)
      const name = service.name.slice(stack.names.composed.length + 1)
      const vip = service.vips[stack.networks.shop.id] ?? ''
      const page = { kind: 'tcp', from, to: vip, port: 80, timeoutMs: 15_000 } as const
      const request = { ...page, request: httpGet(pagePath(stack)) }
      return [
        { what: 'name', name, service: service.name, request: dnsQuery(from, name) },
        ...(vip === '' ? [] : [{ what: 'http', name, service: service.name, request } as const]),
      ]
    }),
  )
  return sendPlan(probe, plan)
}

function problemsOf({ what, name, service, probe }: Look, facts: ClusterFacts): Problem[] {
  const { shop } = facts.networks
  const vip = Object.values(facts.services).find((one) => one.name === service)?.vips[shop.id] ?? ''
  if (vip === '') return []
  const place = { network: shop.name, service }
  if (what === 'name') return virtualIpProblems({ name, probe }, vip, place)
  const where = {
    ...{ ...place, node: probe.fromNode, ends: { from: probe.from, to: name } },
    ...{ protocol: 'TCP', address: probe.to, port: 80 },
  }
  if (probe.outcome !== 'answered')
    return [{ ...where, code: 'virtual-ip-silent', kind: 'missed', observed: outcomeSeen(probe) }]
  const [answered = 'no HTTP'] = probe.replies
  return facts.tasks.some((task) => task.service === service && task.hostname === answered)
    ? []
    : [{ ...where, code: 'answered-by-another', kind: 'seen', expected: service, observed: answered }]
}
