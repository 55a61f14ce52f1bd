import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part, type Part } from '../../lib/observation/part.ts'
import { distinct, type Problem } from '../../lib/observation/problem.ts'
import type { Route } from '../../lib/observe/host-state.ts'
import { networkOf, overlaps } from '../../lib/topology/cidr.ts'
import { isDefaultLike } from '../../lib/topology/default-like.ts'
import { subnetsOf } from '../scene/judging/gateway-interface.ts'
import { kernel, type KernelSeen, rootSeen } from '../scene/judging/kernel-seen.ts'
import { networkViewsSeen, type ViewsSeen } from '../scene/recordings/views.ts'
import { docs, moby } from '../source.ts'
import { gatewayBridgeName } from '../../lib/topology/swarm-defaults.ts'

export const noOverlap = requirement({
  id: 'GWB-01',
  requirement: 'The subnet of docker_gwbridge overlaps no host route and no overlay.',
  source: [docs('Customize the docker_gwbridge'), moby('docker/for-linux issue 1422, moby issue 24046')],
  safety: 'production',
  needs: [],
  method:
    'On every node the subnets of docker_gwbridge, as its engine and as its kernel tell them, are compared with every route that does not lead to the bridge itself, and with the subnets of all overlay networks.',
  usualCauses: [
    'the engine’s default pool (172.17.0.0/16 and up) is used in the network the hosts are in, by a VPN for example',
    'an overlay was created with a subnet of that range',
    'a route was added after the bridge was created',
  ],
  remedy: [
    'ip route on the node named; docker network inspect docker_gwbridge',
    'leave the swarm, remove docker_gwbridge, create it with a free subnet, join again: docker network create --subnet RANGE docker_gwbridge',
    'or set default-address-pools in the engine’s daemon.json before it is created',
  ],
  codes: ['bridge-overlaps-route', 'bridge-overlaps-overlay'],
  changes: [],
  quiet: ['changes'],
  reads: [kernel, networkViewsSeen],
  observe: async (lab) => ({ kernel: await lab.scene(kernel), views: await lab.scene(networkViewsSeen) }),
  judge({ kernel: states, views }, facts) {
    const overlays = overlaysIn(views)
    const { got, missing, unseen } = part(
      Object.fromEntries(facts.nodes.map(({ name }) => [name, lookAt(name, states, views)])),
      'addresses and routes',
    )
    const looks = [...got].map(([node, look]) => ({ node, ...look }))
    const withoutBridge = looks.filter(({ held }) => held.length === 0).map(({ node }) => node)
    const withoutRoutes = looks.filter(({ routes }) => routes.length === 0).map(({ node }) => node)
    return judgement({
      problems: distinct(
        looks.flatMap((look) => [...routeProblems(look), ...overlayProblems(look, overlays)]),
      ),
      missing,
      unseen: [
        ...unseen,
        ...(withoutBridge.length === 0
          ? []
          : [{ what: `an address of ${gatewayBridgeName}`, nodes: withoutBridge }]),
        ...(withoutRoutes.length === 0 ? [] : [{ what: 'another route', nodes: withoutRoutes }]),
        ...(overlays.length === 0 ? [{ what: 'an overlay', nodes: [] }] : []),
      ],
      tables: {
        'docker_gwbridge and the other routes of each node': looks.map(({ node, subnets, routes }) => ({
          ...{ node, subnets },
          routes: routes.map(({ destination, device }) => `${destination} dev ${device}`),
        })),
        'subnets of overlay networks': Object.fromEntries(
          overlays.map(({ name, subnets }) => [name, subnets]),
        ),
      },
      conclusion: `the subnets of docker_gwbridge on ${looks.length} nodes overlap none of their other routes and none of ${overlays.length} overlays`,
    })
  },
})

interface Look {
  readonly node: string
  /** Of docker_gwbridge, as its engine and its kernel tell them. */
  readonly subnets: readonly string[]
  /** As the kernel alone tells them. */
  readonly held: readonly string[]
  /** That lead elsewhere. */
  readonly routes: readonly Route[]
}

function lookAt(node: string, states: KernelSeen, views: ViewsSeen): Part<Omit<Look, 'node'>> {
  const root = rootSeen(states, node, 'devices')
  if (!('got' in root)) return root
  const { links, routes } = root.got
  const stated = views[node]?.find(({ name }) => name === gatewayBridgeName)?.subnets ?? []
  const held = links.filter(({ name }) => name === gatewayBridgeName).flatMap(subnetsOf)
  const subnets = [...stated.filter((subnet) => subnet !== '').map(networkOf), ...held]
  return {
    got: {
      ...{ subnets: [...new Set(subnets)], held },
      routes: routes.filter(
        ({ destination, device }) => destination !== 'default' && device !== gatewayBridgeName,
      ),
    },
  }
}

interface Overlay {
  readonly name: string
  readonly subnets: readonly string[]
}

/** Of all engines; one that is seen by several is one. */
function overlaysIn(views: ViewsSeen): Overlay[] {
  const named = Object.values(views)
    .flat()
    .filter(({ driver }) => driver === 'overlay')
    .map(({ name, subnets }) => [name, subnets.filter((subnet) => subnet !== '')] as const)
  return [...new Map(named)].map(([name, subnets]) => ({ name, subnets }))
}

function routeProblems({ node, subnets, routes }: Look): Problem[] {
  return subnets.flatMap((address) =>
    routes
      .filter(({ destination }) => !isDefaultLike(destination) && overlaps(address, destination))
      .map(({ destination, device }): Problem => ({
        ...{ code: 'bridge-overlaps-route', kind: 'seen', node, address },
        subject: `${destination} dev ${device}`,
      })),
  )
}

function overlayProblems({ node, subnets }: Look, overlays: readonly Overlay[]): Problem[] {
  return subnets.flatMap((address) =>
    overlays
      .filter((overlay) => overlay.subnets.some((other) => overlaps(address, other)))
      .map((overlay): Problem => ({
        ...{ code: 'bridge-overlaps-overlay', kind: 'seen', node, address, network: overlay.name },
        observed: overlay.subnets.join(', '),
      })),
  )
}
