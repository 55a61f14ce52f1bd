import type { Part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import type { Link } from '../../lib/observe/host-state.ts'

/** Devices of one network on one node, and what is expected of them. */
export interface DevicePlace {
  readonly network: string
  readonly node: string
  readonly namespace: string
  readonly vni: number
  readonly port: number
  readonly endpoints: number
  readonly gateway: string
  /** Null where there is no such namespace. */
  readonly links: Part<readonly Link[] | null>
}

/** What is wrong with the devices of one network on one node; nothing where they could not be read. */
export function placeProblems(place: DevicePlace): Problem[] {
  const { network, node, namespace, vni, port, endpoints, gateway } = place
  const where = { node, network }
  if (!('got' in place.links)) return []
  if (place.links.got === null)
    return [{ ...where, code: 'network-namespace-missing', kind: 'missed', subject: namespace }]
  const links = place.links.got
  const bridges = links.filter((link) => link.kind === 'bridge')
  const [bridge] = bridges
  if (bridge === undefined || bridges.length > 1)
    return [
      { ...where, code: 'bridge-missing', kind: 'missed', subject: namespace, observed: bridges.length },
    ]
  const vxlan = links.find((link) => link.vxlan?.vni === vni)
  const veths = links.filter((link) => link.kind === 'veth' && link.master === bridge.name)
  const problems: Problem[] = []
  if (vxlan === undefined)
    problems.push({ ...where, code: 'vxlan-device-missing', kind: 'missed', expected: vni })
  else {
    if (vxlan.master !== bridge.name)
      problems.push({
        ...where,
        code: 'device-off-bridge',
        kind: 'seen',
        subject: vxlan.name,
        expected: bridge.name,
      })
    if (vxlan.vxlan?.port !== port)
      problems.push({
        ...{ ...where, code: 'device-port-differs', kind: 'seen', subject: namespace },
        ...{ observed: vxlan.vxlan?.port ?? 'none', expected: port },
      })
  }
  if (!bridge.addresses.some(({ address }) => address === gateway))
    problems.push({
      ...where,
      code: 'gateway-address-missing',
      kind: 'missed',
      subject: bridge.name,
      expected: gateway,
    })
  if (veths.length !== endpoints)
    problems.push({
      ...{ ...where, code: 'endpoint-devices-differ', kind: 'seen', subject: bridge.name },
      ...{ observed: veths.length, expected: endpoints },
    })
  const down = [bridge, vxlan, ...veths].filter((link) => link?.up === false)
  return [
    ...problems,
    ...down.map((link): Problem => ({
      ...where,
      code: 'device-down',
      kind: 'seen',
      subject: link?.name ?? '',
    })),
  ]
}
