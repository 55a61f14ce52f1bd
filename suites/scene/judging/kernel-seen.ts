import { kernel, type KernelSeen } from '../../../lib/conformance/kernel-scene.ts'
import { missingOf } from '../../../lib/conformance/missing.ts'
import { missingTool } from '../../../lib/missing-tool.ts'
import type { Part } from '../../../lib/observation/part.ts'
import type { DeviceTables, HostState, RulesState } from '../../../lib/observe/host-state.ts'
import { isSameNamespace, namespaceNamed } from '../../../lib/swarm/namespaces.ts'

export { kernel, type KernelSeen }

/** By name of node: of kernels, or of their devices alone. */
export type SeenOf<N extends DeviceTables> = Readonly<
  Record<
    string,
    Pick<HostState, 'securityAssociations' | 'securityPolicies' | 'unavailable'> & {
      readonly root: N
      readonly namespaces: Readonly<Record<string, N>>
    }
  >
>
export type DevicesSeen = SeenOf<DeviceTables>

/** By name of node. */
export type RulesSeen = Readonly<Record<string, RulesState>>

/** Interfaces with what belongs to them, or firewall rules. */
export type SeenPart = 'devices' | 'firewall'

/** What else can be missing or fail. */
type AnyPart = SeenPart | 'IPsec'

/**
 * A namespace of a node by its file name, for whoever wants that part of it; `got` is undefined where the node
 * has none of that name.
 */
export function namespaceSeen<N extends DeviceTables>(
  seen: SeenOf<N>,
  node: string,
  name: string,
  wanted: SeenPart,
): Part<N | undefined> {
  return readable(seen, node, wanted, name, (state) => namespaceNamed(state.namespaces, name))
}

/** All namespaces of a node below /run/docker/netns, by file name. */
export function namespacesSeen<N extends DeviceTables>(
  seen: SeenOf<N>,
  node: string,
  wanted: SeenPart,
): Part<Readonly<Record<string, N>>> {
  const root = rootSeen(seen, node, wanted)
  if (!('got' in root)) return root
  const lacking = seen[node]?.unavailable.find((entry) => entry.package !== '' && entry.tool === 'nsenter')
  if (lacking !== undefined) return { missing: missingOf(missingTool(lacking.tool, node)) }
  return { got: seen[node]?.namespaces ?? {} }
}

/** The node's own namespace. */
export function rootSeen<N extends DeviceTables>(seen: SeenOf<N>, node: string, wanted: SeenPart): Part<N> {
  return readable(seen, node, wanted, ownNamespace, (state) => state.root)
}

/** The node's own firewall, of whoever looked at its rules alone. */
export function rulesSeen(seen: RulesSeen, node: string): Part<RulesState['root']> {
  return readable(seen, node, 'firewall', ownNamespace, (state) => state.root)
}

/** Security associations and policies of a node. */
export function ipsecSeen(
  seen: DevicesSeen,
  node: string,
): Part<Pick<HostState, 'securityAssociations' | 'securityPolicies'>> {
  return readable(seen, node, 'IPsec', ownNamespace, (state) => state)
}

const ownNamespace = "the host's own namespace"

/** Programs without which nothing is known of it, and those that can fail in one namespace. */
const programs: Readonly<
  Record<AnyPart, { readonly needed: readonly string[]; readonly failing: readonly string[] }>
> = {
  devices: { needed: ['perl', 'bridge'], failing: ['netlink', 'ip', 'bridge'] },
  // Which of the two programs has an engine’s rules is not known before both are read.
  firewall: { needed: ['perl', 'iptables-save'], failing: ['iptables-save', 'nft'] },
  IPsec: { needed: ['perl', 'ip'], failing: ['ip-xfrm'] },
}

function readable<S extends Pick<HostState, 'unavailable'>, T>(
  seen: Readonly<Record<string, S>>,
  node: string,
  wanted: AnyPart,
  where: string,
  read: (state: S) => T,
): Part<T> {
  const state = seen[node]
  if (state === undefined) return { threw: 'the kernel state was not read' }
  const { needed, failing } = programs[wanted]
  const lacking = state.unavailable.find(
    ({ what, tool, package: name }) =>
      name !== '' &&
      (needed.includes(tool) ||
        // In runs of before one program read all: without these two no namespace was read.
        (tool === 'ip' && what.startsWith('links')) ||
        (tool === 'nsenter' && where !== ownNamespace)),
  )
  if (lacking !== undefined) return { missing: missingOf(missingTool(lacking.tool, node)) }
  const failed = state.unavailable.find(
    (entry) => isOf(entry.what, where) || (failing.includes(entry.tool) && entry.what.endsWith(where)),
  )
  return failed === undefined
    ? { got: read(state) }
    : { threw: `the kernel state could not be read: ${failed.what}` }
}

/** Whether what could not be read, such as `namespace /run/docker/netns/1-abc`, is that namespace. */
function isOf(what: string, namespace: string): boolean {
  return what.includes('/') && isSameNamespace(what.slice(what.lastIndexOf('/') + 1), namespace)
}
