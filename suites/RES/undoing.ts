import { isExpected } from '../../lib/conformance/missing.ts'
import { type Threw, threwOf } from '../../lib/conformance/observations.ts'
import type { Unseen } from '../../lib/observation/judgement.ts'

/** What came of undoing a change: null where it was undone. */
export type Undone = Threw | null

/** Undoes a change. What stood in its way is kept, for it says nothing about the network and must not hide what does. */
export async function undoing(undo: () => Promise<void>): Promise<Undone> {
  try {
    await undo()
    return null
  } catch (error) {
    if (!isExpected(error)) throw error
    return threwOf(error)
  }
}

/** What could not be seen because a change was not undone. */
export function notUndone(undone: Undone, node: string): Unseen[] {
  return undone === null ? [] : [{ what: 'recovery', nodes: [node], why: undone.message }]
}

/** Where the host undid the change before its owner did, what was seen meanwhile says nothing. */
export function undoneTooEarly(undone: Undone, node: string): Unseen[] {
  return undone?.code === 'CHANGE_UNDONE' ? notUndone(undone, node) : []
}
