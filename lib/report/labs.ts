import { describeSample } from '../observation/pair-sample.ts'
import type { LabRecord, RequirementRecord, RunRecord } from '../conformance/run-record.ts'
import { impairmentsOf } from '../topology/impaired-attachments.ts'

/** How a run of several labs names them; a run of one lab does not name it at every verdict. */

export function severalLabs(record: RunRecord): boolean {
  return record.labs.length > 1
}

/** What was run on, for titles: `three-node`, `two-underlays and low-mtu`, `4 labs`. */
export function labsTitle(record: RunRecord): string {
  const names = record.labs.map((lab) => lab.name)
  return names.length <= 2 ? names.join(' and ') : `${names.length} labs`
}

/** `ENC-01`, in a run of several labs `ENC-01 (three-node@20.10)`. */
export function requirementName(
  record: RunRecord,
  requirement: Pick<RequirementRecord, 'id' | 'lab'>,
): string {
  return severalLabs(record) ? `${requirement.id} (${requirement.lab})` : requirement.id
}

/** Whether a requirement is there more than once. */
export function repeats(record: RunRecord): boolean {
  return new Set(record.requirements.map(({ id }) => id)).size < record.requirements.length
}

/** What its entries are called: of a requirement that was verified on several labs each is a check. */
export function entryNoun(record: RunRecord): string {
  return repeats(record) ? 'check' : 'requirement'
}

/** Of the swarm's nodes, each version once. */
export function versionsOf(
  labs: readonly LabRecord[],
  which: 'engineVersion' | 'kernelRelease',
): readonly string[] {
  return [...new Set(labs.flatMap(({ nodes }) => nodes.map((node) => node[which])))]
}

/** What the labs' files impair on purpose, beside every verdict it may have a part in; empty where that is nothing. */
export function impairedLabs(record: RunRecord): string {
  return record.labs
    .flatMap(({ name, topology }) =>
      impairmentsOf(topology).map((what) => (severalLabs(record) ? `${name}, ${what}` : what)),
    )
    .join('; ')
}

/** Of which ordered pairs of nodes a sample was tried; empty where all were. */
export function sampledLabs(record: RunRecord): string {
  return record.labs
    .flatMap(({ name, pairs }) =>
      pairs === undefined ? [] : [`${severalLabs(record) ? `${name}, ` : ''}${describeSample(pairs)}`],
    )
    .join('; ')
}

/** How long each lab was slowed down, and by which hosts; empty where none was. */
export function slowedLabs(record: RunRecord): string {
  return record.labs
    .flatMap(({ name, slowedDown }) => {
      if (slowedDown === undefined) return []
      const nodes = new Set(slowedDown.waits.flatMap(({ hosts }) => hosts.map(({ node }) => node)))
      const seconds = Math.round(slowedDown.waitedMs / 1000)
      const where = severalLabs(record) ? `${name}, ` : ''
      return [`${where}slowed down ${seconds} s because hosts were starved: ${[...nodes].join(', ')}`]
    })
    .join('; ')
}
