import ipaddr from 'ipaddr.js'
import type { Problem } from '../../lib/observation/problem.ts'
import type { FirewallRule, NamespaceState } from '../../lib/observe/host-state.ts'
import type { PublishedPort } from '../../lib/swarm/cluster.ts'
import { ingressNamespace } from '../../lib/swarm/namespaces.ts'
import { type Backend, balancingProblems, markOfPort } from '../scene/judging/balancer.ts'
import type { IngressTables } from './ingress-tables.ts'
import { gatewayBridgeName } from '../../lib/topology/swarm-defaults.ts'

const chainName = 'DOCKER-INGRESS'

/** Where a published port leads on one node, as far as it could be followed. */
export interface ChainFinding {
  /** Address of ingress_sbox on docker_gwbridge. */
  readonly sandbox?: string
  readonly destination?: string
  readonly mark?: number
  readonly problems: readonly Problem[]
}

/** The node that is looked at, the service, and the network its tasks are reached on. */
export type ChainPlace = Required<Pick<Problem, 'node' | 'service' | 'network'>>

/**
 * Follows a published port through a node: nat PREROUTING → DOCKER-INGRESS → DNAT to the ingress sandbox → mangle
 * mark in the sandbox → IPVS service of that mark → the running tasks.
 */
export function followChain(
  { root, sandbox }: IngressTables,
  port: PublishedPort,
  backends: readonly Backend[],
  place: ChainPlace,
): ChainFinding {
  const { node } = place
  const problems = [...jumpProblems(root.firewall, node), ...ownClientProblems(root.firewall, node)]
  if (sandbox === undefined)
    return {
      problems: [
        ...problems,
        { code: 'ingress-sandbox-missing', kind: 'missed', node, subject: ingressNamespace },
      ],
    }
  const address = sandboxAddress(root, sandbox)
  const destination = dnatOf(root.firewall, port)
  const mark = markOfPort(sandbox.firewall, port)
  const where = { ...place, protocol: port.protocol.toUpperCase(), port: port.publishedPort }
  return {
    ...(address === undefined ? {} : { sandbox: address }),
    ...(destination === undefined ? {} : { destination }),
    ...(mark === undefined ? {} : { mark }),
    problems: [
      ...problems,
      ...translationProblems(destination, address, where),
      ...(mark === undefined
        ? [{ ...where, ...missed('port-not-marked', `mangle PREROUTING of ${ingressNamespace}`) }]
        : balancingProblems(sandbox.ipvs, mark, backends, where).map((problem) => ({
            subject: `IPVS of ${ingressNamespace}`,
            ...problem,
          }))),
    ],
  }
}

function missed<C extends Problem['code']>(code: C, subject: string) {
  return { code, kind: 'missed', subject } as const
}

/** Where DNAT leads, and where the sandbox is. */
function translationProblems(
  destination: string | undefined,
  address: string | undefined,
  where: Omit<Problem, 'code' | 'kind'>,
): Problem[] {
  const subject = `nat ${chainName}`
  const { node = '' } = where
  const absent: Problem[] =
    address === undefined ? [{ ...missed('ingress-sandbox-not-on-bridge', gatewayBridgeName), node }] : []
  if (destination === undefined) return [...absent, { ...where, ...missed('port-not-translated', subject) }]
  const expected = `${address}:${where.port}`
  return address === undefined || destination === expected
    ? absent
    : [
        {
          ...{ ...where, code: 'port-translated-elsewhere', kind: 'seen', subject },
          ...{ expected, observed: destination },
        },
      ]
}

function jumpProblems(firewall: readonly FirewallRule[], node: string): Problem[] {
  return [
    ['nat', 'PREROUTING'],
    ['nat', 'OUTPUT'],
    ['filter', 'FORWARD'],
  ].flatMap(([table = '', chain = '']) =>
    leads(firewall, table, chain, new Set())
      ? []
      : [{ ...missed('ingress-chain-not-reached', `${table} ${chain}`), node }],
  )
}

/** What the host itself sends to the mesh, from whichever of its addresses, must come back to it. */
function ownClientProblems(firewall: readonly FirewallRule[], node: string): Problem[] {
  const masquerades = firewall.some(
    ({ table, chain, rule }) =>
      table === 'nat' &&
      chain === 'POSTROUTING' &&
      new RegExp(`(^| )-o ${gatewayBridgeName}( |$)`).test(rule) &&
      !rule.includes(`! -o ${gatewayBridgeName}`) &&
      /(^| )-m addrtype --src-type LOCAL( |$)/.test(rule) &&
      / -j MASQUERADE( |$)/.test(rule),
  )
  return masquerades ? [] : [{ ...missed('own-traffic-not-masqueraded', 'nat POSTROUTING'), node }]
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
function sandboxAddress(root: NamespaceState, sandbox: NamespaceState): string | undefined {
  const bridge = root.links
    .find(({ name }) => name === gatewayBridgeName)
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
