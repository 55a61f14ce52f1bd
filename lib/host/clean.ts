import type { ListedLab } from './lab-record.ts'

export interface CleanOptions {
  /** Kept labs too, and labs of other living processes. */
  readonly all: boolean
  /** Images, templates, saved labs and the unpacked emulator too. */
  readonly cache: boolean
}

export interface Removed {
  readonly kind: 'lab' | 'unfinished build' | 'cache'
  /** Id of a lab, else a path. */
  readonly name: string
  readonly processes: number
  /** Of a lab made of them. */
  readonly containers?: number
  /** Bytes of disk given back. */
  readonly bytes: number
}

export interface Left {
  readonly name: string
  readonly reason: string
}

export interface CleanResult {
  readonly removed: readonly Removed[]
  readonly left: readonly Left[]
}

/** A lab as clean sees it; `unreadable` has no lab.json this version understands. */
export interface Candidate {
  readonly id: string
  readonly state: ListedLab['state'] | 'unreadable'
  readonly ageMs: number
}

/** A folder this young without a readable lab.json may belong to a run that is just starting. */
const youngMs = 30_000

/** Why a lab is left alone; undefined if it is to be removed. */
export function reasonToLeave(candidate: Candidate, all: boolean): string | undefined {
  switch (candidate.state) {
    case 'orphaned':
      return undefined
    case 'unreadable':
      return candidate.ageMs < youngMs && !all ? 'it is just being made' : undefined
    case 'kept':
      return all ? undefined : 'it was kept; `swarmproof down` or `swarmproof clean --all` ends it'
    case 'owned':
      return all ? undefined : 'a running swarmproof uses it'
  }
}
