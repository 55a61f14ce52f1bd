import type { PacketRef } from './frame.ts'
import type { Problem } from './problem.ts'

/** What a requirement makes of its observations. Pure data: who runs it decides the verdict, by one policy for all. */
export interface Judgement {
  readonly problems: readonly Problem[]
  /** What had to hold for "none seen" to prove anything. */
  readonly controls: readonly Control[]
  readonly measures: readonly Measure[]
  /** What was not there that the requirement rests on. */
  readonly missing: readonly Missing[]
  /** What could not be observed although it was tried. */
  readonly unseen: readonly Unseen[]
  /** Tables for the report, derived from what was observed. */
  readonly tables: Readonly<Record<string, unknown>>
  /** Packets that decided, by a name for people; they are copied out of the captures. */
  readonly packets: Readonly<Record<string, readonly PacketRef[]>>
  /** The sentence a passing verdict is reported with: what was seen, in figures. Empty: nothing was seen. */
  readonly conclusion: string
}

/** e.g. `clear-twin-found`: the same matcher finds packets on the clear twin. */
export interface Control {
  readonly name: string
  readonly held: boolean
  /** Figures it was judged by. */
  readonly observed?: string | number
}

export interface Measure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly bound?: number
}

/**
 * Something a requirement rests on is not there. `tool`: a program on a host; `topology`: the lab is not made so;
 * `swarm`: a module or a setting that a node needs to keep the requirement.
 */
export interface Missing {
  readonly what: string
  readonly of: 'tool' | 'topology' | 'swarm'
  /** Names; empty where it is not about nodes. */
  readonly nodes: readonly string[]
  /** What to do about it. */
  readonly remedy?: string
}

export interface Unseen {
  /** e.g. `kernel state`, `traffic from a task of swp-web`. */
  readonly what: string
  readonly nodes: readonly string[]
  /** What came instead: an error of a host, quoted. */
  readonly why?: string
  /** It was recorded, but may lack something: recording it again may help. */
  readonly blind?: true
}

/** A judgement of which only what is not empty was given. */
export function judgement(parts: Partial<Judgement> & Pick<Judgement, 'conclusion'>): Judgement {
  return {
    problems: [],
    controls: [],
    measures: [],
    missing: [],
    unseen: [],
    tables: {},
    packets: {},
    ...parts,
  }
}
