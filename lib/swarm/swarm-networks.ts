import { eventually } from '../eventually.ts'
import type { Host } from '../host/host.ts'
import { networkId } from '../identifier.ts'
import { type Progress, step } from '../progress.ts'
import { type Script, sh } from '../script.ts'
import type { GatewayBridgeSpec, IngressSpec, Topology } from '../topology/topology.ts'
import type { Cluster } from './cluster.ts'
import { docker, dockerLines } from './docker.ts'
import { networkFormat } from '../api-formats.ts'
import { members } from './form-swarm.ts'
import { inspectListed } from './inspect-listed.ts'
import { type ApiNetwork, toNetwork } from './read-objects.ts'
import { gatewayBridgeName } from '../topology/swarm-defaults.ts'

export interface MakeOptions {
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** Commands that make docker_gwbridge and ingress otherwise than the engine does; undefined where the engine is to. */
export function networkScripts(topology: Topology): {
  readonly gatewayBridge: Script | undefined
  readonly ingress: Script | undefined
} {
  const { gatewayBridge, ingress } = topology.swarm
  return {
    gatewayBridge: gatewayBridge === undefined ? undefined : createGatewayBridge(gatewayBridge),
    ingress: ingress === undefined ? undefined : createIngress(ingress),
  }
}

/** Docker docs, Manage swarm service networks, "Customize the docker_gwbridge": before the host joins. */
export async function makeGatewayBridges(
  topology: Topology,
  hosts: readonly Host[],
  { progress }: MakeOptions,
): Promise<void> {
  const { gatewayBridge } = networkScripts(topology)
  if (gatewayBridge === undefined) return
  await Promise.all(
    members(hosts).map((host) =>
      step(progress, 'Making docker_gwbridge', host.name, () => docker(host, gatewayBridge)),
    ),
  )
}

/** Docker docs, "Customize the default ingress network": removed, then recreated, before any service publishes. */
export async function makeIngress(topology: Topology, manager: Host, options: MakeOptions): Promise<void> {
  const { ingress } = topology.swarm
  if (ingress === undefined) return
  await step(options.progress, 'Recreating ingress', manager.name, async () => {
    await removeIngress(manager, options.signal)
    await docker(manager, createIngress(ingress))
  })
}

/** As engines make it, with these settings instead of their own. */
export function createGatewayBridge({ subnet, mtuBytes }: GatewayBridgeSpec): Script {
  const options = [
    `com.docker.network.bridge.name=${gatewayBridgeName}`,
    'com.docker.network.bridge.enable_icc=false',
    'com.docker.network.bridge.enable_ip_masquerade=true',
    `com.docker.network.driver.mtu=${mtuBytes}`,
  ].flatMap((option) => ['--opt', option])
  return sh`docker network create --subnet ${subnet} ${options} ${gatewayBridgeName}`
}

export function createIngress({ name, subnet, gateway, mtuBytes, encrypted }: IngressSpec): Script {
  const options = [
    ...(mtuBytes === undefined ? [] : ['--opt', `com.docker.network.driver.mtu=${mtuBytes}`]),
    ...(encrypted ? ['--opt', 'encrypted'] : []),
  ]
  return sh`docker network create --driver overlay --ingress --label swarmproof=lab --subnet ${subnet} --gateway ${gateway} ${options} ${name}`
}

export interface FirstIngress {
  readonly subnet: string
  readonly encrypted: boolean
}

/** The ingress network as it is now; undefined if there is none. */
export async function readIngress(manager: Host): Promise<FirstIngress | undefined> {
  const found = (await overlays(manager)).find((network) => network.Ingress)
  if (found === undefined) return undefined
  const { subnet, encrypted } = toNetwork(found)
  return { subnet, encrypted }
}

/** What the ingress network would be made with to be as it is now; undefined if there is none. */
export async function readIngressSpec({ manager }: Cluster): Promise<IngressSpec | undefined> {
  const found = (await overlays(manager.host)).find((network) => network.Ingress)
  if (found === undefined) return undefined
  const { name, subnet, gateway, encrypted } = toNetwork(found)
  const mtu = found.Options?.['com.docker.network.driver.mtu']
  return { name, subnet, gateway, encrypted, ...(mtu === undefined ? {} : { mtuBytes: Number(mtu) }) }
}

/** Name and id of every ingress network the manager lists. */
export async function listIngress({ manager }: Cluster): Promise<string[]> {
  return (await overlays(manager.host))
    .filter((network) => network.Ingress)
    .map(({ Name, Id }) => `${Name} (${Id.slice(0, 12)})`)
}

async function overlays(manager: Host): Promise<ApiNetwork[]> {
  const script = inspectListed({
    list: sh`docker network ls --filter driver=overlay -q`,
    inspect: sh`docker network inspect --format ${networkFormat}`,
  })
  return (await dockerLines(manager, script)) as ApiNetwork[]
}

/** Removes the ingress network, whatever its name, and waits until the manager no longer lists it. */
export async function removeIngress(manager: Host, signal: AbortSignal): Promise<void> {
  const standing = async (): Promise<string[]> =>
    (await overlays(manager)).filter(({ Ingress }) => Ingress).map(({ Id }) => networkId(Id, manager.name))
  for (const id of await standing())
    await docker(manager, sh`echo y | docker network rm ${id}`, { timeoutMs: 60_000 })
  await eventually({ what: 'ingress is removed', withinMs: 30_000, signal, host: manager.name }, async () => {
    const left = (await standing()).join(', ')
    return left === '' ? { ready: true, value: undefined } : { ready: false, seen: left }
  })
}
