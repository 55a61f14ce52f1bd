import { type ClusterFacts, taskName } from '../../lib/observation/facts.ts'
import type { Unseen } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { HostState, Link } from '../../lib/observe/host-state.ts'
import { ingressNamespace } from '../../lib/swarm/namespaces.ts'
import { contains } from '../../lib/topology/cidr.ts'
import type { IngressSpec } from '../../lib/topology/topology.ts'
import { interfaceOf } from '../scene/judging/kernel.ts'
import type { IngressTables } from './ingress-tables.ts'

/** What is on ingress on one node, by its kernel, and what should be and was not found. */
export interface OnIngress {
  readonly node: string
  readonly interfaces: readonly { readonly subject: string; readonly link: Link }[]
  readonly absent: readonly Problem[]
  readonly unseen: readonly Unseen[]
}

export function onIngress(
  node: string,
  { sandbox }: IngressTables,
  state: HostState | undefined,
  { networks, tasks, topology }: ClusterFacts,
): OnIngress {
  const subnet = topology.swarm.ingress?.subnet ?? ''
  const ofSandbox = (sandbox?.links ?? [])
    .filter((link) => inet(link).some((address) => contains(subnet, address)))
    .map((link) => ({ subject: `${link.name} of ${ingressNamespace}`, link }))
  const home = tasks.flatMap((task) => {
    const endpoint = task.node === node ? task.endpoints[networks.ingress?.name ?? ''] : undefined
    if (endpoint === undefined || state === undefined) return []
    return [{ subject: taskName(task), endpoint, link: interfaceOf(state, endpoint) }]
  })
  const found = home.flatMap(({ subject, link }) =>
    link === undefined ? [] : [{ subject: `${link.name} of ${subject}`, link }],
  )
  const lost = home.filter(({ link }) => link === undefined)
  // A namespace that could not be read may be the one that has it.
  const unread = state?.unavailable.find(({ what }) => what.includes('/run/docker/netns/'))
  const place = { node, network: networks.ingress?.name ?? '' }
  const withoutAddress: Problem = {
    ...{ ...place, code: 'ingress-sandbox-without-address', kind: 'missed' },
    ...{ subject: ingressNamespace, expected: subnet },
  }
  return {
    ...{ node, interfaces: [...ofSandbox, ...found] },
    absent: [
      ...(ofSandbox.length > 0 ? [] : [withoutAddress]),
      ...(unread === undefined ? lost : []).map(({ subject, endpoint }): Problem => ({
        ...{ ...place, code: 'ingress-interface-missing', kind: 'missed' },
        ...{ subject, address: endpoint.address },
      })),
    ],
    unseen:
      unread === undefined || lost.length === 0
        ? []
        : [{ what: 'interfaces on ingress', nodes: [node], why: unread.what }],
  }
}

/** How interfaces on ingress differ from what was asked for. */
export function interfaceProblems(
  { node, interfaces, absent }: OnIngress,
  { subnet, gateway }: IngressSpec,
  mtuBytes: number,
): Problem[] {
  return [
    ...absent,
    ...interfaces.flatMap(({ subject, link }): Problem[] => {
      const where = { kind: 'seen', node, subject } as const
      const addresses = inet(link)
      return [
        ...(link.mtuBytes === mtuBytes
          ? []
          : [
              { ...where, code: 'ingress-mtu-differs', expected: mtuBytes, observed: link.mtuBytes } as const,
            ]),
        ...addresses
          .filter((address) => !contains(subnet, address))
          .map(
            (address) => ({ ...where, code: 'ingress-address-outside', address, expected: subnet }) as const,
          ),
        ...addresses
          .filter((address) => address === gateway)
          .map((address) => ({ ...where, code: 'ingress-gateway-address-used', address }) as const),
      ]
    }),
  ]
}

function inet({ addresses }: Link): string[] {
  return addresses.filter(({ family }) => family === 'inet').map(({ address }) => address)
}
