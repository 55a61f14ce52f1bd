import { missingOf } from './missing.ts'
import { scene } from './scene.ts'
import { MissingPrerequisite } from '../missing-prerequisite.ts'
import { firstLineOf } from '../error.ts'
import type { Part } from '../observation/part.ts'
import { sh } from '../script.ts'
import { engineLogLines } from '../swarm/engine-log.ts'

const answerWithinMs = 20_000

/** Whether the engine of each node answers, by name of node; asked where something did not hold. */
export const enginesAfter = scene('engines-after', async ({ cluster }) =>
  Object.fromEntries(
    await Promise.all(
      cluster.nodes.map(async ({ host }): Promise<readonly [string, { readonly answers: boolean }]> => {
        const asked = host.remote.exec(sh`docker version --format ${'{{.Server.Version}}'}`, {
          timeoutMs: answerWithinMs,
        })
        const answers = await asked.then(
          ({ exitCode }) => exitCode === 0,
          () => false,
        )
        return [host.name, { answers }]
      }),
    ),
  ),
)

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
