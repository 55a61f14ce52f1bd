import { type Finding, shortList } from '../observation/finding.ts'
import { inWords } from './in-words.ts'
import type { Draft } from './rule.ts'

/** What a rule says of one node and could say of others in the same words. */
export interface Alike {
  /** What is the same: drafts of one rule with the same key are one finding. */
  readonly key: string
  /** The words for several nodes, whose names come as a sentence has them. */
  readonly told: (nodes: string) => Pick<Draft, 'title' | 'cause' | 'remedy'>
}

export interface Found extends Pick<Draft, 'alike' | 'follows'> {
  finding: Finding
}

/** Lines of evidence: those of some nodes stand for the others. */
const mostProof = 8

/** Twenty nodes that name the same dead server are one thing to mend: findings of one rule that are alike become one. */
export function joinAlike(found: readonly Found[]): Finding[] {
  const groups = new Map<unknown, Found[]>()
  for (const one of found) {
    const key = one.alike === undefined ? one : `${one.finding.code} ${one.alike.key}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups.values()].map((group) => {
    const [{ finding, alike }] = group as [Found]
    if (group.length === 1 || alike === undefined) return finding
    const findings = group.map((one) => one.finding)
    const nodes = unique(findings.flatMap((one) => one.nodes))
    const proof = unique(findings.flatMap((one) => one.proof))
    const times = findings.flatMap(({ from, until }) => [from, until].filter((time) => time !== undefined))
    const { from, until } = { from: times.toSorted()[0], until: times.toSorted().at(-1) }
    return {
      ...finding,
      ...alike.told(inWords(nodes)),
      ...(from === undefined || until === undefined ? {} : { from, until }),
      nodes,
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

const unique = (values: readonly string[]): string[] => [...new Set(values)]
