import type { HostState } from '../observe/host-state.ts'
import { type SwarmInventory, readSwarmInventory } from '../swarm/read-swarm-inventory.ts'
import { stackNames, type StackNames } from '../swarm/stack.ts'
import { type ReadyLab, readStates } from './bring-up.ts'
import { unsettled } from './settle.ts'

/** What a disruptive test may change of a lab. Firewall rules and IPVS are for requirements to judge. */
export interface LabCondition {
  /** Of the stack that stands there. */
  readonly names?: StackNames
  readonly inventory: SwarmInventory
  /** What the kernels lack of the state the stack should bring; see `unsettled`. */
  readonly lacking: readonly string[]
  /** `up, MTU 1500` by host and lasting interface. */
  readonly interfaces: ReadonlyMap<string, string>
}

/** Two remote calls a node. */
export async function readCondition(raised: ReadyLab): Promise<LabCondition> {
  const [inventory, states] = await Promise.all([
    readSwarmInventory(raised.cluster),
    readStates(raised.cluster),
  ])
  return {
    names: raised.stack.names,
    inventory,
    lacking: unsettled(raised.stack, raised.cluster.nodes, states),
    interfaces: new Map([...states.values()].flatMap(lastingInterfaces)),
  }
}

/** What is not as it was, in words; empty when the lab is as before. */
export function differences(before: LabCondition, now: LabCondition): string[] {
  const names = namesOf(before)
  const nodes = [...now.inventory.nodes.values()]
  return [
    ...nodes.filter((node) => !/: Ready (Active|Drain|Pause)$/.test(node)),
    ...[...before.inventory.nodes.values()]
      .filter((node) => !nodes.includes(node))
      .map((node) => `no longer ${node}`),
    ...changed(names, 'container', before.inventory.containers, now.inventory.containers),
    ...changed(names, 'network', before.inventory.networks, now.inventory.networks),
    ...changedServices(names, before.inventory, now.inventory),
    ...now.lacking.filter((what) => !before.lacking.includes(what)),
    ...[...before.interfaces]
      .filter(([name, was]) => now.interfaces.get(name) !== was)
      .map(([name, was]) => `${name} is ${now.interfaces.get(name) ?? 'gone'}, was ${was}`),
  ].filter((text, index, all) => all.indexOf(text) === index)
}

/** Whether waiting could help: a container that is gone comes back as another one, never as itself. */
export function isLasting(before: LabCondition, now: LabCondition): boolean {
  return [...before.inventory.containers].some(
    ([id, { name }]) => isOfStack(namesOf(before), name) && !now.inventory.containers.has(id),
  )
}

type Entries = SwarmInventory['containers']

function changed(names: StackNames, kind: string, before: Entries, now: Entries): string[] {
  // What was there of other tests' own may go at any time; what is the stack's or nobody's must stay.
  const lost = [...before].filter(
    ([id, { name }]) => !now.has(id) && (isOfStack(names, name) || !name.startsWith(`${names.prefix}-`)),
  )
  const extra = [...now].filter(([id]) => !before.has(id))
  return [
    ...lost.map(([, { name, host }]) => `${kind} ${name} is gone from ${host}`),
    ...extra.map(([, { name, host }]) => `${kind} ${name} is new on ${host}`),
  ]
}

function changedServices(names: StackNames, before: SwarmInventory, now: SwarmInventory): string[] {
  const ofStack = [...before.services].filter(([name]) => isOfStack(names, name))
  const extra = [...now.services.keys()].filter((name) => !before.services.has(name))
  return [
    ...ofStack
      .filter(([name, was]) => now.services.get(name) !== was)
      .map(([name, was]) => `service ${name} runs ${now.services.get(name) ?? 'no more'}, ran ${was}`),
    ...extra.map((name) => `service ${name} is new`),
  ]
}

function namesOf({ names }: LabCondition): StackNames {
  return names ?? stackNames({})
}

/** `swp-web`, and `swp-web.1.x9…` of its containers. */
function isOfStack({ networks, services }: StackNames, name: string): boolean {
  const names = [...Object.values(networks), ...Object.values(services)]
  return names.some((known) => name === known || name.startsWith(`${known}.`))
}

/** Ends of veth pairs come and go with containers. */
function lastingInterfaces(state: HostState): (readonly [string, string])[] {
  return state.root.links
    .filter((link) => link.kind !== 'veth')
    .map((link) => [`${link.name} of ${state.host}`, `${link.up ? 'up' : 'down'}, MTU ${link.mtuBytes}`])
}
