import { missingOf, observePart } from './missing.ts'
import { scene } from './scene.ts'
import { MissingPrerequisite } from '../missing-prerequisite.ts'
import { firstLineOf } from '../error.ts'
import type { Host } from '../host/host.ts'
import type { Part } from '../observation/part.ts'
import { sh } from '../script.ts'
import { engineLogLines } from '../swarm/engine-log.ts'

const answerWithinMs = 20_000

/**
 * What became of asking a node’s engine for its version. `answers: false`: Docker’s client said that there is no engine
 * at its socket, in its own words. `threw`: it is not known, because nobody could ask, nothing came in time, or the
 * client failed otherwise. Older runs have `answers` alone, false in either case.
 */
export type EngineAsked =
  | { readonly answers: true }
  | { readonly answers: false; readonly said?: string }
  | { readonly threw: string }

/** Whether the engine of each node answers, by name of node; asked where something did not hold. */
export const enginesAfter = scene('engines-after', async ({ cluster }) =>
  Object.fromEntries(
    await Promise.all(
      cluster.nodes.map(async ({ host }): Promise<readonly [string, EngineAsked]> => [
        host.name,
        await askEngine(host),
      ]),
    ),
  ),
)

async function askEngine({ remote }: Pick<Host, 'remote'>): Promise<EngineAsked> {
  const asked = await observePart(async () =>
    remote.exec(sh`docker version --format ${'{{.Server.Version}}'}`, { timeoutMs: answerWithinMs }),
  )
  if (!('got' in asked)) return { threw: 'threw' in asked ? asked.threw : 'it could not be asked' }
  const { exitCode, stderr } = asked.got
  if (exitCode === 0) return { answers: true }
  const said = stderr.split('\n').find((line) => findsNoEngine.test(line))
  if (said !== undefined) return { answers: false, said: said.trim() }
  const [first = ''] = stderr.trim().split('\n')
  return { threw: first === '' ? `docker version ended with ${exitCode}` : first }
}

/** Of clients from 20.10 to 29. Who may not open the socket does not know whether there is an engine behind it. */
const findsNoEngine =
  /Cannot connect to the Docker daemon|Is the docker daemon running|failed to connect to the docker API|dial unix \S+ connect: (?:connection refused|no such file or directory)/i

/** What engines say when nodes give each other up (memberlist, networkdb) or lose their managers (swarmkit). */
const wordsOfLosses = [
  'as failed',
  'has failed',
  'UDP probes failed',
  'NodeActive',
  'NodeFailed',
  'agent: session failed',
  'heartbeat',
]

/** Those lines of each engine's log, the last twenty, by name of node; read where the swarm lost something by itself. */
export const lossesLogged = scene('losses-logged', async ({ cluster }) =>
  Object.fromEntries(
    await Promise.all(
      cluster.nodes.map(async ({ host }): Promise<readonly [string, Part<readonly string[]>]> => {
        try {
          return [host.name, { got: await engineLogLines(host, wordsOfLosses) }]
        } catch (error) {
          return [
            host.name,
            error instanceof MissingPrerequisite
              ? { missing: missingOf(error) }
              : { threw: firstLineOf(error) },
          ]
        }
      }),
    ),
  ),
)
