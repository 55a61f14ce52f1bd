import { InputError } from '../error.ts'
import type { HostsFlags } from './hosts-option.ts'

export interface FaultsFlags extends HostsFlags {
  readonly list?: true
  readonly json?: true
  readonly pairs?: true
  readonly lab?: string[]
  /** A lab that stands already, by id, or the only one. */
  readonly labId?: string | true
  readonly only?: string[]
  readonly others?: string[]
  readonly quick: boolean
  readonly resume?: true
  readonly writeGolden?: string
  readonly reportDir: string
  readonly deadline?: number
  readonly random?: string
  readonly steps?: number
}

type Asked = Partial<Omit<FaultsFlags, 'hosts'>>

/** @throws InputError for flags that mean nothing together */
export function refuseOddFlags(flags: Asked, names: readonly string[] = []): void {
  const odd = oddities.find(({ applies }) => applies(flags, names))
  if (odd !== undefined) throw new InputError({ code: 'FLAGS_APART', what: odd.what, hint: odd.hint })
}

const oddities: readonly {
  readonly applies: (flags: Asked, names: readonly string[]) => boolean
  readonly what: string
  readonly hint: string
}[] = [
  {
    applies: ({ random, steps }) => random === undefined && steps !== undefined,
    what: '--steps is for --random',
    hint: 'add --random SEED',
  },
  {
    applies: ({ random, others }) => random !== undefined && others !== undefined,
    what: '--others is verified under each fault alone, not with --random',
    hint: 'leave one of them out',
  },
  {
    applies: ({ labId, lab }) => labId !== undefined && lab !== undefined,
    what: '--lab builds a lab, and --lab-id takes one that stands',
    hint: 'use only one of the two',
  },
  {
    applies: ({ pairs, only }, names) => pairs === true && (names.length > 0 || only !== undefined),
    what: '--pairs plants pairs of its own choice',
    hint: 'give A+B without --pairs for two faults of yours; leave --only out',
  },
  ...(['pairs', 'resume', 'writeGolden'] as const).map((key) => ({
    applies: (flags: Asked) => flags.random !== undefined && flags[key] !== undefined,
    what: `--${key === 'writeGolden' ? 'write-golden' : key} is for faults that are planted one after another, not for --random`,
    hint: 'leave one of them out',
  })),
]
