import { ruleWords } from '../change/rule-words.ts'
import { readHostState } from '../observe/read-host-state.ts'
import { placeOfRule, type PlacedRule } from '../observe/ruleset.ts'
import { type PortWay, wayOfPort } from '../observe/way-of-port.ts'
import { sh } from '../script.ts'
import type { ClusterNode, PublishedPort } from '../swarm/cluster.ts'
import { ingressNamespace } from '../swarm/namespaces.ts'
import type { Fault } from './fault.ts'
import { requireForFault, scripted } from './scripted.ts'

/** Who decides on a node about a port that it publishes, whichever chains its engine has for that. */
export async function portWayOn(node: ClusterNode, port: PublishedPort): Promise<PortWay> {
  const { root, namespaces, nftables } = await readHostState(node.host)
  const host = nftables === undefined ? root : { ...root, nftables }
  return wayOfPort({ root: host, sandbox: namespaces[ingressNamespace] }, port)
}

/** Deletes a rule of iptables, and puts it back where it was. */
export async function withoutPlacedRule(
  node: ClusterNode,
  rule: PlacedRule | undefined,
  what: string,
): ReturnType<Fault['plant']> {
  const found = requireForFault(rule, what)
  const { table, chain, position, text } = found
  // A table of nftables has its family before its name.
  requireForFault(table.includes(' ') ? undefined : table, `${what} of iptables: ${placeOfRule(found)}`)
  const words = ruleWords(text, node.host.name)
  return scripted(node, {
    plant: sh`iptables -w -t ${table} -D ${chain} ${words}`,
    remove: sh`iptables -w -t ${table} -I ${chain} ${position} ${words}`,
  })
}

/** The node no longer leads the port to the mesh. */
export async function withoutTranslation(node: ClusterNode, port: PublishedPort): ReturnType<Fault['plant']> {
  const { fromOutside } = await portWayOn(node, port)
  return withoutPlacedRule(node, fromOutside?.rule, `a DNAT rule for port ${port.publishedPort}`)
}
