import { type PairChoice, pairSample } from '../observation/pair-sample.ts'
import { stackNames, stackPorts } from '../swarm/stack.ts'
import { taskCounts } from '../swarm/task-counts.ts'
import type { Topology } from '../topology/topology.ts'
import type { SendingFacts, SendingLab } from './sending.ts'

type Role = keyof SendingFacts['services']

/** Networks on which the tasks of a service have an address; see `Stack`. */
const attached: Readonly<Record<Role, readonly (keyof SendingFacts['networks'])[]>> = {
  web: ['clear', 'ingress'],
  rr: ['clear'],
  vault: ['secret'],
  island: ['auto'],
  both: ['clear', 'extra'],
  dual: ['extra', 'ingress'],
  here: ['extra'],
  front: ['shop'],
  back: ['shop'],
}

/**
 * A lab before it is there: the members of its topology, all of which take tasks, with the stack on them as swarm usually
 * places it, on kernels that lack nothing.
 */
export function plannedLab({ nodes, swarm, stack }: Topology, pairs: PairChoice): SendingLab {
  const members = nodes.flatMap(({ name, role }) =>
    role === 'outsider' ? [] : [{ name, role, takesTasks: true }],
  )
  const sample = pairSample(members, pairs)
  const names = stackNames(stack)
  const counts = taskCounts(members.length)
  const networks = {
    ...(Object.fromEntries(Object.entries(names.networks).map(([role, name]) => [role, { name }])) as Omit<
      SendingFacts['networks'],
      'ingress'
    >),
    ingress: { name: swarm.ingress?.name ?? 'ingress' },
  }
  const at = { address: '', mac: '', prefixLength: 24 }
  const published = publishedBy(stackPorts(stack))
  const roles = Object.keys(counts) as Role[]
  return {
    facts: {
      ...{ nodes: members, networks, dataPathPort: swarm.dataPathPort },
      services: Object.fromEntries(
        roles.map((role) => [role, { name: names.services[role], published: published[role] ?? [] }]),
      ) as SendingFacts['services'],
      tasks: roles.flatMap((role) =>
        Array.from({ length: counts[role] }, (_, index) => ({
          service: names.services[role],
          node: members[index % members.length]?.name ?? '',
          endpoints: Object.fromEntries(attached[role].map((network) => [networks[network].name, at])),
        })),
      ),
      ...(sample === undefined ? {} : { pairs: sample }),
    },
    ...{ encrypts: true, balances: true, random: false },
  }
}

type Published = SendingFacts['services'][Role]['published']

function publishedBy(ports: ReturnType<typeof stackPorts>): Partial<Record<Role, Published>> {
  const port = (
    publishedPort: number,
    protocol: 'tcp' | 'udp' = 'tcp',
    mode: 'ingress' | 'host' = 'ingress',
  ) => ({ publishedPort, targetPort: 80, protocol, mode })
  return {
    web: [port(ports.web)],
    dual: [port(ports.dual), port(ports.dual, 'udp'), port(ports.dualShort)],
    here: [port(ports.here, 'tcp', 'host')],
  }
}
