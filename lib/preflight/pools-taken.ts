import type { KnownHost } from '../discovery/known-host.ts'
import { gatewayBridgeByHand, poolsUsedUp } from '../topology/local-pools.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'
import type { HostFinding } from './host-findings.ts'

/** A host whose engine finds no subnet for another bridge: it joins no swarm then, unless it has docker_gwbridge already. */
export function poolsTaken({ inventory, facts }: KnownHost): readonly HostFinding[] {
  const used = poolsUsedUp(facts.routes, facts.engine.version)
  if (used === undefined) return []
  const routes = used.routes.slice(0, 4).map(({ destination, device }) => `${destination} dev ${device}`)
  const why =
    routes.length > 0
      ? `routes cover all pools that the engine takes subnets from: ${routes.join(', ')}`
      : `${used.bridges} bridges have all subnets of the pools that the engine takes them from`
  const hasBridge = facts.networks.some(({ name }) => name === gatewayBridgeName)
  return [
    {
      ...{ host: inventory.name, name: 'address pools', status: hasBridge ? 'warning' : 'missing' },
      detail: hasBridge
        ? `${why}: it can make no further bridge network without --subnet, nor docker_gwbridge again`
        : `${why}: it cannot make docker_gwbridge, and its tasks will be refused`,
      hint: hasBridge
        ? 'name other pools, "default-address-pools" in /etc/docker/daemon.json, or give networks a --subnet'
        : `before it joins, with a SUBNET that is free there: ${gatewayBridgeByHand}`,
    },
  ]
}
