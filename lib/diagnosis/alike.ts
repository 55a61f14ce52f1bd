import type { LabRecord } from '../conformance/run-record.ts'
import { type Finding, shortList } from '../observation/finding.ts'
import { inWords, mostNamed } from './in-words.ts'
import { sameOfOthers, withoutOwn } from './same-of-others.ts'

/** What a rule says of one node and could say of others in the same words. */
export interface Alike {
  /** What is the same: drafts of one rule with the same key are one finding. */
  readonly key: string
  /** The words for several nodes, whose names come as a sentence has them. */
  readonly told: (nodes: string) => Pick<Finding, 'title' | 'cause' | 'remedy'>
}

/** A finding, and what its rule said of others. */
export interface Joinable {
  readonly finding: Finding
  readonly alike?: Alike
}

type Nodes = readonly Pick<LabRecord['nodes'][number], 'name' | 'advertiseAddress' | 'dataPathAddress'>[]

/** Lines of evidence: those of some nodes stand for the others. */
const mostProof = 8

/**
 * Twenty nodes that name the same dead server are one thing to mend: findings of one rule that are alike become one. A
 * rule says itself what is alike and has words for several nodes, or the same is said of both but for what is each node’s
 * own.
 */
export function joinAlike(found: readonly Joinable[], nodes: Nodes = []): Finding[] {
  const groups = new Map<unknown, Joinable[]>()
  for (const one of found) {
    const key = keyOf(one, nodes) ?? one
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups.values()].map((group) => {
    const [{ finding, alike }] = group as [Joinable]
    if (group.length === 1) return finding
    const findings = group.map((one) => one.finding)
    const concerned = unique(findings.flatMap((one) => one.nodes))
    const proof = unique(findings.flatMap((one) => one.proof))
    const times = findings.flatMap(({ from, until }) => [from, until].filter((time) => time !== undefined))
    const { from, until } = { from: times.toSorted()[0], until: times.toSorted().at(-1) }
    const all =
      concerned.length > mostNamed && nodes.length > 0 && nodes.every(({ name }) => concerned.includes(name))
    return {
      ...finding,
      ...(alike === undefined
        ? sameOfOthers(findings, ownOf(finding, nodes), all)
        : alike.told(all ? `all ${concerned.length} nodes` : inWords(concerned))),
      ...(from === undefined || until === undefined ? {} : { from, until }),
      nodes: concerned,
      pairs: [
        ...new Map(
          findings.flatMap((one) => one.pairs).map((pair) => [`${pair.from} ${pair.to}`, pair]),
        ).values(),
      ],
      networks: unique(findings.flatMap((one) => one.networks)),
      proof: shortList(proof, mostProof),
      explains: unique(findings.flatMap((one) => one.explains)),
    }
  })
}

/** What holds of a lab as before and as after it was read again is said once, of the earlier generation. */
export function joinGenerations(found: readonly Finding[]): Finding[] {
  const groups = new Map<string, Finding>()
  for (const one of found) {
    const { code, severity, title, nodes, pairs } = one
    const key = JSON.stringify([code, severity, title, nodes, pairs])
    const earlier = groups.get(key)
    const until = one.until ?? earlier?.until
    groups.set(
      key,
      earlier === undefined
        ? one
        : {
            ...earlier,
            ...(until === undefined ? {} : { until }),
            proof: shortList(unique([...earlier.proof, ...one.proof]), mostProof),
            explains: unique([...earlier.explains, ...one.explains]),
          },
    )
  }
  return [...groups.values()]
}

function keyOf({ finding, alike }: Joinable, nodes: Nodes): string | undefined {
  const { code, severity, title, cause, remedy } = finding
  if (alike !== undefined) return `${code} ${severity} ${alike.key}`
  const own = ownOf(finding, nodes)
  if (own.length === 0) return undefined
  const rest = finding.nodes.slice(1)
  return [code, severity, ...rest, ...[title, cause, ...remedy].map((text) => withoutOwn(text, own))].join(
    '\n',
  )
}

/** The first node of a finding, whom it is of, and its addresses. */
function ownOf({ nodes: [name] }: Finding, nodes: Nodes): readonly string[] {
  if (name === undefined) return []
  const node = nodes.find((one) => one.name === name)
  return unique([name, node?.advertiseAddress ?? '', node?.dataPathAddress ?? '']).filter(Boolean)
}

const unique = (values: readonly string[]): string[] => [...new Set(values)]
