import type { RequirementRecord, RunRecord } from '../../conformance/run-record.ts'

/** Requirement ids are their own anchors, in a run of several labs with the lab's name; anything else is made harmless. */
export function anchorOf(record: RunRecord, { id, lab }: Pick<RequirementRecord, 'id' | 'lab'>): string {
  const text = record.labs.length > 1 ? `${id}-${lab}` : id
  return text.replaceAll(/[^\w-]/g, '_')
}
