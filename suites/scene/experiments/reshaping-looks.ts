import type { TaskFacts } from '../../../lib/observation/facts.ts'
import type { Looked } from './reshaping-probes.ts'

export interface GivenLook {
  /** Null while the manager shows none. */
  readonly publishedPort: number | null
  readonly task: TaskFacts
  readonly looked: readonly Looked[]
}

export interface TakenLook {
  readonly task: TaskFacts
  readonly looked: readonly Looked[]
}

/** What looks are compared with. */
export interface Reshaping {
  readonly service: string
  readonly manager: string
  /** Names of the network it keeps and of the one it is given and loses. */
  readonly own: string
  readonly extra: string
}
