import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { dnsAnswer, dnsQuery } from '../../lib/probe/dns.ts'
import { httpBody, httpGet } from '../../lib/probe/http.ts'
import type { Observation, ProbeRequest } from '../../lib/probe/probe.ts'
import type { Service, Task } from '../../lib/swarm/cluster.ts'
import { pagePath } from '../../lib/swarm/probe-task.ts'
import { type Stack, tasksOn } from '../../lib/swarm/stack.ts'
import { outcomeText } from '../scene/outcome.ts'
import { inTask, taskLabel } from '../scene/pair.ts'
import { overlayTutorial } from '../source.ts'

/** A name as one task asks for it, and the service that must answer to it. */
interface Look {
  readonly from: Task
  readonly name: string
  readonly service: Service
}

export const stackNetwork = conformanceTest({
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
  async run(context) {
    const { stack, probe, evidence } = context
    const { shop } = stack.networks
    const tasks = tasksOn(stack, 'shop')
    const services = [stack.services.front, stack.services.back]
    const looks = tasks.flatMap((from) =>
      services.map((service) => ({ from, name: shortName(service, stack), service })),
    )
    const answers = await askAll(looks, stack, probe)
    evidence.observe('the stack’s network', {
      name: shop.name,
      subnet: shop.subnet,
      tasks: tasks.map(taskLabel),
    })
    evidence.observe(
      'short names as each task finds them',
      answers.map(({ from, name, addresses, request }) => ({
        task: taskLabel(from),
        name,
        addresses,
        http: request.outcome,
        answeredBy: httpBody(request.replies[0])?.trim(),
      })),
    )
    const astray = stack.tasks.filter(
      ({ service, endpoints }) =>
        services.some(({ name }) => name === service) && endpoints[shop.name] === undefined,
    )
    requireNone(`services of the stack share ${shop.name} and find each other by short name`, [
      ...(shop.name === `${stack.names.composed}_default`
        ? []
        : [`the network is called ${shop.name}, expected ${stack.names.composed}_default`]),
      ...astray.map((task) => `${taskLabel(task)} is not on ${shop.name}`),
      ...answers.flatMap((answer) => problemsOf(answer, stack)),
    ])
    if (services.some(({ name }) => !tasks.some(({ service }) => service === name))) {
      throw new Error('a service of the stack has no running task, so nobody could be found')
    }
    evidence.conclude(
      `${tasks.length} tasks on ${new Set(tasks.map(({ node }) => node)).size} nodes share ${shop.name}; each finds ${services.map((service) => shortName(service, stack)).join(' and ')} at their virtual IPs, and tasks of these answer there`,
    )
  },
})

interface Answer extends Look {
  readonly expected: string
  readonly dns: Observation
  readonly rcode: string | undefined
  readonly addresses: readonly string[]
  readonly request: Observation
}

async function askAll(
  looks: readonly Look[],
  stack: Stack,
  probe: { send(requests: readonly ProbeRequest[]): Promise<readonly Observation[]> },
): Promise<Answer[]> {
  const expected = looks.map(({ service }) => service.vips[stack.networks.shop.id] ?? '')
  if (expected.includes('')) throw new Error('the API tells no virtual IP of a service of the stack')
  const observations = await probe.send([
    ...looks.map(({ from, name }) => dnsQuery(inTask(from), name)),
    ...looks.map(({ from }, index) => ({
      kind: 'tcp' as const,
      from: inTask(from),
      to: expected[index] ?? '',
      port: 80,
      request: httpGet(pagePath(stack)),
      timeoutMs: 15_000,
    })),
  ])
  return looks.map((look, index) => {
    const dns = observations[index] as Observation
    const answer = dnsAnswer(dns)
    return {
      ...look,
      expected: expected[index] ?? '',
      dns,
      rcode: answer?.rcode,
      addresses: answer?.addresses ?? [],
      request: observations[looks.length + index] as Observation,
    }
  })
}

function problemsOf(
  { from, name, service, expected, dns, rcode, addresses, request }: Answer,
  stack: Stack,
): string[] {
  const who = `${taskLabel(from)} → ${name}`
  if (rcode === undefined) return [`${who}: the resolver gave ${outcomeText(dns)}`]
  if (addresses.join() !== expected) {
    return [`${who}: resolves to ${addresses.join(', ') || rcode}, expected ${expected} of ${service.name}`]
  }
  if (request.outcome !== 'answered') return [`${who} (${expected}): HTTP ${outcomeText(request)}`]
  const by = httpBody(request.replies[0])?.trim()
  return stack.tasks.some(({ service: of, hostname }) => of === service.name && hostname === by)
    ? []
    : [`${who} (${expected}): answered by '${by ?? 'no HTTP'}', which is no task of ${service.name}`]
}

/** Its name in the compose file. */
function shortName({ name }: Service, { names }: Stack): string {
  return name.slice(names.composed.length + 1)
}
