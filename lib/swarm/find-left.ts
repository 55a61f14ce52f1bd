import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'
import { scriptLines, sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { prefixLetters } from './footprint.ts'
import { askFunctions, swarmFunctions } from './guard-program.ts'
import { guardRoot } from './guarded-host.ts'

export type LeftHost = Pick<Host, 'name' | 'remote'>

/** A thing on a host that a run made, known by its label or by a name that holds the run's id. */
export interface Found {
  readonly host: string
  readonly run: string
  readonly kind:
    'guard' | 'service' | 'network' | 'container' | 'image' | 'folder' | 'change' | 'trace' | 'swarm'
  readonly id: string
  readonly name: string
}

export interface FoundLeft {
  readonly found: readonly Found[]
  /** Runs whose owner still gives a sign of life, by id. */
  readonly living: ReadonlySet<string>
}

export interface FindPlaces {
  readonly root?: string
  /** Where changes and folders are looked for. */
  readonly places?: readonly string[]
  readonly changes?: string
  /** How long a guard's owner is waited for; three of its beats and more. */
  readonly beatWithinSeconds?: number
}

const places = ['/run', '/var/tmp', '/tmp', '/usr/local/lib', '/root']

/** As `newRunId` makes them: labels with other values are somebody else's, or of a lab. */
const runId = /^\d{8}T\d{6}Z-[0-9a-f]{4}$/

/** As a footprint's prefix makes them, see `chooseFootprint`. */
export const footprintName = new RegExp(`^swp-[${prefixLetters}]{4}-`)

export function isRunId(text: string): boolean {
  return runId.test(text)
}

/**
 * What runs left on a host, and which of them live. Changes nothing.
 * @throws SwarmproofError `HOST_UNREADABLE` where the engine does not answer: "nothing" would be no answer
 */
export async function findLeft(host: LeftHost, where: FindPlaces = {}): Promise<FoundLeft> {
  const { root = guardRoot, changes = '/run', beatWithinSeconds = 20 } = where
  const words = [root, changes, beatWithinSeconds, ...(where.places ?? places)]
  const { exitCode, stdout, stderr } = await host.remote.exec(sh`sh -c ${findScript.text} find ${words}`, {
    timeoutMs: 180_000,
  })
  if (exitCode !== 0)
    throw new SwarmproofError({
      code: 'HOST_UNREADABLE',
      what: 'what runs left on the host cannot be listed',
      host: host.name,
      observed: stderr.trim().slice(-300) || `exit code ${exitCode}: its engine does not answer`,
    })
  return readFound(stdout, host.name)
}

const kinds = [
  ...(['guard', 'service', 'network', 'container', 'image', 'folder'] as const),
  ...(['change', 'trace', 'swarm'] as const),
]

/** What is run or removed by its path: where a run makes one of the kind it is called so, and no path leads back up. */
const paths: Readonly<Partial<Record<Found['kind'], (run: string) => RegExp>>> = {
  change: () => /^(?:\/(?!\.)[\w.+-]+)+\/swarmproof-change-[a-z][a-z0-9-]*$/,
  trace: (run) => new RegExp(`^(?:/(?!\\.)[\\w.+-]+)+/instances/swarmproof-${run}$`),
  folder: (run) => new RegExp(`^(?:/(?!\\.)[\\w.+-]+)+/swarmproof-${run}$`),
}

/** Lines `KIND RUN ID NAME`, and `alive RUN`. Of what a host prints only what has the shape of ours is taken. */
export function readFound(stdout: string, host: string): FoundLeft {
  const found: Found[] = []
  const living = new Set<string>()
  for (const line of stdout.split('\n')) {
    const [word = '', run = '', id = '', name = '', ...more] = line.split(' ')
    if (!isRunId(run) || more.length > 0) continue
    const kind = kinds.find((one) => one === word)
    // The stack of a lab bears the id of the run that built it, and no prefix of a run's own.
    if ((kind === 'service' || kind === 'network') && !footprintName.test(name)) continue
    // Containers that lend a host their tools have names by chance.
    if (kind === 'container' && name.startsWith('swp-') && !footprintName.test(name)) continue
    if (kind !== undefined && paths[kind]?.(run).test(id) === false) continue
    if (word === 'alive') living.add(run)
    else if (kind !== undefined && id !== '' && name !== '') found.push({ host, run, kind, id, name })
  }
  return { found, living }
}

/** `ROOT CHANGES SECONDS PLACE...` */
export const findScript = scriptLines([
  askFunctions,
  swarmFunctions,
  scriptFile(import.meta.url, 'find-left.sh'),
])
