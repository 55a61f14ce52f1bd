import type { Missing } from '../observation/judgement.ts'
import type { Topology } from '../topology/topology.ts'
import type { ConformanceTest, Feature, LabFeature } from './test.ts'
import { defaultDataPathPort } from '../topology/swarm-defaults.ts'

const offers: Readonly<Record<LabFeature, (topology: Topology) => boolean>> = {
  outsider: ({ nodes }) => nodes.some((node) => node.role === 'outsider'),
  'separate-data-path': ({ swarm }) => swarm.advertise !== swarm.dataPath,
  'custom-data-path-port': ({ swarm }) => swarm.dataPathPort !== defaultDataPathPort,
  'address-pools': ({ swarm }) => swarm.addressPools !== undefined,
  'custom-ingress': ({ swarm }) => swarm.ingress !== undefined,
  'encrypted-ingress': ({ swarm }) => swarm.ingress?.encrypted === true,
  'custom-gateway-bridge': ({ swarm }) => swarm.gatewayBridge !== undefined,
  'custom-mtu': ({ swarm, stack }) =>
    stack.clear.mtuBytes !== undefined || swarm.ingress?.mtuBytes !== undefined,
}

/** What a topology is made with, beyond what every lab has. */
export function topologyFeatures(topology: Topology): ReadonlySet<LabFeature> {
  return new Set(labFeatures.filter((feature) => offers[feature](topology)))
}

const labFeatures = Object.keys(offers) as readonly LabFeature[]

export function isLabFeature(feature: Feature): feature is LabFeature {
  return Object.hasOwn(offers, feature)
}

/** The features a test needs that this topology is not made with. */
export function unmetNeeds(test: ConformanceTest, topology: Topology): LabFeature[] {
  const offered = topologyFeatures(topology)
  return test.needs.filter(isLabFeature).filter((feature) => !offered.has(feature))
}

/** Every feature the topology is not made with. */
export function missingLabFeatures(topology: Topology): ReadonlyMap<Feature, Missing> {
  const offered = topologyFeatures(topology)
  return new Map(
    labFeatures
      .filter((feature) => !offered.has(feature))
      .map((feature) => [
        feature,
        { what: `${feature} in topology ${topology.name}`, of: 'topology', nodes: [] },
      ]),
  )
}
