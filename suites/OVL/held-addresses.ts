import { type ClusterFacts, type NetworkFacts, taskName, tasksIn } from '../../lib/observation/facts.ts'
import { type Part, part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { contains, prefixLengthOf } from '../../lib/topology/cidr.ts'
import type { KernelSeen } from '../scene/judging/kernel-seen.ts'
import { taskNamespaceSeen } from '../scene/judging/task-namespace.ts'

/** An address on a network: of a task, as its engine or its kernel tells it, or a virtual IP. */
export interface Held {
  /** e.g. `web@worker1`, `virtual IP of web`. */
  readonly who: string
  /** Undefined for what is on no node in particular. */
  readonly node?: string
  readonly by: 'engine' | 'kernel'
  readonly address: string
  /** As kernels tell it. */
  readonly prefixLength?: number
}

export interface Look extends Pick<ReturnType<typeof part>, 'missing' | 'unseen'> {
  readonly network: NetworkFacts
  /** Undefined where it is not known. */
  readonly asked: { readonly subnet: string; readonly gateway: string } | undefined
  readonly held: readonly Held[]
  /** Labels of tasks whose kernel was read. */
  readonly read: ReadonlySet<string>
}

export function lookAt(role: 'clear' | 'secret', states: KernelSeen, facts: ClusterFacts): Look {
  const network = facts.networks[role]
  const { subnet, gateway } = facts.built.requested[role] ?? {}
  const tasks = tasksIn(facts, role)
  const seen = new Map(tasks.map((task) => [task, inKernel(task, network, states)]))
  // What is true of one task of a node is true of all: its kernel was read or not.
  const { missing, unseen } = part(
    Object.fromEntries([...seen].map(([{ node }, one]) => [node, one])),
    'interfaces of tasks',
  )
  const vips = Object.values(facts.services).flatMap(({ name, vips: { [network.id]: address = '' } }) =>
    address === '' ? [] : [{ who: `virtual IP of ${name}`, by: 'engine' as const, address }],
  )
  return {
    ...{ network, missing, unseen },
    asked: subnet === undefined || gateway === undefined ? undefined : { subnet, gateway },
    held: [
      ...tasks.map((task): Held => ({
        ...{ who: taskName(task), node: task.node, by: 'engine' },
        address: task.endpoints[network.name]?.address ?? '',
      })),
      ...[...seen].flatMap(([task, one]) =>
        'got' in one
          ? one.got.map((entry): Held => ({
              ...{ who: taskName(task), node: task.node, by: 'kernel', ...entry },
            }))
          : [],
      ),
      ...vips,
    ],
    read: new Set([...seen].flatMap(([task, one]) => ('got' in one ? [taskName(task)] : []))),
  }
}

interface KernelAddress {
  readonly address: string
  readonly prefixLength: number
}

/** What the task's interface on the network has, told by its MAC; empty where there is none. */
function inKernel(
  task: ClusterFacts['tasks'][number],
  { name }: NetworkFacts,
  states: KernelSeen,
): Part<readonly KernelAddress[]> {
  const seen = taskNamespaceSeen(states, task)
  if (!('got' in seen)) return seen
  const { mac = '', address: own = '' } = task.endpoints[name] ?? {}
  return {
    got: (seen.got?.links ?? [])
      .filter((link) =>
        mac === '' ? link.addresses.some(({ address }) => address === own) : link.mac === mac,
      )
      .flatMap(({ addresses }) => addresses.filter(({ family }) => family === 'inet'))
      .map(({ address, prefixLength }) => ({ address, prefixLength })),
  }
}

export function heldProblems({
  network: { name: network, subnet, gateway },
  asked,
  held,
  read,
}: Look): Problem[] {
  if (asked === undefined) return []
  const length = prefixLengthOf(asked.subnet)
  const kernels = held.filter(({ by }) => by === 'kernel')
  // Old engines hold virtual IPs as aliases in the namespaces of their tasks.
  const virtualIps = new Set(held.filter(({ node }) => node === undefined).map(({ address }) => address))
  const at = ({ who, node }: Held) => ({ ...(node === undefined ? {} : { node }), network, subject: who })
  return [
    ...(subnet === asked.subnet
      ? []
      : [
          {
            code: 'subnet-differs',
            kind: 'seen',
            network,
            expected: asked.subnet,
            observed: subnet || 'none',
          } as const,
        ]),
    ...(gateway === asked.gateway
      ? []
      : [
          {
            code: 'gateway-differs',
            kind: 'seen',
            network,
            expected: asked.gateway,
            observed: gateway || 'none',
          } as const,
        ]),
    ...held
      .filter(({ address }) => address !== '' && !contains(asked.subnet, address))
      .map((one): Problem => ({
        ...{ ...at(one), code: 'address-outside-subnet', kind: 'seen' },
        ...{ expected: asked.subnet, observed: one.address },
      })),
    ...held
      .filter(({ address }) => address === asked.gateway)
      .map((one): Problem => ({
        ...{ ...at(one), code: 'gateway-address-used', kind: 'seen', address: one.address },
      })),
    ...held
      .filter(({ address }) => address === '')
      .map((one): Problem => ({ ...at(one), code: 'address-missing', kind: 'missed' })),
    ...held
      .filter(({ who, by, node, address }) => {
        const isHeld = kernels.some((other) => other.who === who && other.address === address)
        return by === 'engine' && node !== undefined && address !== '' && read.has(who) && !isHeld
      })
      .map((one): Problem => ({
        ...{ ...at(one), code: 'address-not-held', kind: 'missed', address: one.address },
        observed:
          kernels
            .filter(({ who }) => who === one.who)
            .map(({ address }) => address)
            .join(', ') || 'none',
      })),
    ...kernels.flatMap((one): Problem[] => {
      const { address, prefixLength = length } = one
      return prefixLength === length || (prefixLength === 32 && virtualIps.has(address))
        ? []
        : [
            {
              ...{ ...at(one), code: 'prefix-length-differs', kind: 'seen', address },
              ...{ expected: length, observed: prefixLength },
            },
          ]
    }),
  ]
}
