import ipaddr from 'ipaddr.js'
import type { FirewallRule, HostState, NamespaceState } from '../../lib/observe/host-state.ts'
import type { PublishedPort } from '../../lib/swarm/cluster.ts'
import { type Backend, balancerProblems, markOfPort } from '../scene/balancer.ts'

const bridgeName = 'docker_gwbridge'
const chainName = 'DOCKER-INGRESS'

/** Where a published port leads on one node, as far as it could be followed. */
export interface ChainFinding {
  /** Address of ingress_sbox on docker_gwbridge. */
  readonly sandbox?: string
  readonly destination?: string
  readonly mark?: number
  readonly problems: readonly string[]
}

/**
 * Follows a published port through a node: nat PREROUTING → DOCKER-INGRESS → DNAT to the ingress sandbox → mangle
 * mark in the sandbox → IPVS service of that mark → the running tasks.
 */
export function followChain(
  root: HostState['root'],
  sandbox: NamespaceState | undefined,
  port: PublishedPort,
  backends: readonly Backend[],
): ChainFinding {
  const problems = [...jumpProblems(root.firewall), ...ownClientProblems(root.firewall)]
  if (sandbox === undefined) return { problems: [...problems, 'there is no ingress_sbox'] }
  const address = sandboxAddress(root, sandbox)
  if (address === undefined) problems.push(`ingress_sbox has no address on ${bridgeName}`)
  const destination = dnatOf(root.firewall, port)
  const expected = `${address}:${port.publishedPort}`
  if (destination === undefined)
    problems.push(`nat ${chainName} has no effective DNAT rule for ${port.publishedPort}/${port.protocol}`)
  else if (destination !== expected)
    problems.push(`nat ${chainName} leads port ${port.publishedPort} to ${destination}, expected ${expected}`)
  const mark = markOfPort(sandbox.firewall, port)
  if (mark === undefined)
    problems.push(`no rule in mangle PREROUTING of ingress_sbox marks ${port.publishedPort}/${port.protocol}`)
  else
    problems.push(
      ...balancerProblems(sandbox, mark, backends).map((problem) => `ingress_sbox IPVS: ${problem}`),
    )
  return {
    ...(address === undefined ? {} : { sandbox: address }),
    ...(destination === undefined ? {} : { destination }),
    ...(mark === undefined ? {} : { mark }),
    problems,
  }
}

function jumpProblems(firewall: readonly FirewallRule[]): string[] {
  return [
    ['nat', 'PREROUTING'],
    ['nat', 'OUTPUT'],
    ['filter', 'FORWARD'],
  ].flatMap(([table = '', chain = '']) =>
    leads(firewall, table, chain, new Set()) ? [] : [`${table} ${chain} does not lead to ${chainName}`],
  )
}

/** What the host itself sends to the mesh, from whichever of its addresses, must come back to it. */
function ownClientProblems(firewall: readonly FirewallRule[]): string[] {
  const masquerades = firewall.some(
    ({ table, chain, rule }) =>
      table === 'nat' &&
      chain === 'POSTROUTING' &&
      new RegExp(`(^| )-o ${bridgeName}( |$)`).test(rule) &&
      !rule.includes(`! -o ${bridgeName}`) &&
      /(^| )-m addrtype --src-type LOCAL( |$)/.test(rule) &&
      / -j MASQUERADE( |$)/.test(rule),
  )
  return masquerades
    ? []
    : [`nat POSTROUTING does not masquerade what the host itself sends to ${bridgeName}`]
}

/** Directly, or through chains of its own: since 28.0.1 FORWARD leads there by DOCKER-FORWARD. */
function leads(
  firewall: readonly FirewallRule[],
  table: string,
  chain: string,
  visited: ReadonlySet<string>,
): boolean {
  const targets = firewall
    .filter((entry) => entry.table === table && entry.chain === chain)
    .map(({ rule }) => /(?:^| )-[jg] (\S+)/.exec(rule)?.[1] ?? '')
  const seen = new Set([...visited, chain])
  return targets.some(
    (target) => target === chainName || (!seen.has(target) && leads(firewall, table, target, seen)),
  )
}

/** The sandbox's address in the subnet of docker_gwbridge. */
function sandboxAddress(root: HostState['root'], sandbox: NamespaceState): string | undefined {
  const bridge = root.links
    .find(({ name }) => name === bridgeName)
    ?.addresses.find(({ family }) => family === 'inet')
  if (bridge === undefined) return undefined
  const subnet = ipaddr.IPv4.parseCIDR(`${bridge.address}/${bridge.prefixLength}`)
  return sandbox.links
    .flatMap(({ addresses }) => addresses)
    .find(({ address, family }) => family === 'inet' && ipaddr.IPv4.parse(address).match(subnet))?.address
}

/** Where DOCKER-INGRESS sends the port, unless an unconditional RETURN stands before it. */
function dnatOf(firewall: readonly FirewallRule[], port: PublishedPort): string | undefined {
  for (const { table, chain, rule } of firewall) {
    if (table !== 'nat' || chain !== chainName) continue
    if (rule === '-j RETURN') return undefined
    const destination = /-j DNAT --to-destination (\S+)/.exec(rule)?.[1]
    const matches =
      new RegExp(`(^| )-p ${port.protocol}( |$)`).test(rule) &&
      new RegExp(`--dport ${port.publishedPort}( |$)`).test(rule)
    if (destination !== undefined && matches) return destination
  }
  return undefined
}
