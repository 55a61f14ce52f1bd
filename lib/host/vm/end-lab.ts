import { setTimeout as sleep } from 'node:timers/promises'
import { SwarmproofError } from '../../error.ts'
import { isAlive, processesUsing } from '../../setup/process-identity.ts'
import type { ProcessIdentity } from '../../setup/process-identity.ts'
import { labDirectory, readLabState, removeLabFiles } from './lab-directory.ts'

/**
 * Ends every process of a lab and removes its files. Processes are found by their command lines, not by recorded
 * numbers: a number may by now belong to somebody else, and a lab killed while starting has recorded none.
 */
export async function endLab(id: string): Promise<{ readonly processes: number }> {
  const state = await readLabState(id)
  const directories = [labDirectory(id), ...(state === undefined ? [] : [state.sockets])]
  let ended = 0
  for (const directory of directories) ended += await endProcessesUsing(directory)
  await removeLabFiles(id, state?.sockets)
  return { processes: ended }
}

/** Machines have nothing to lose but their disks, which are removed too: no time is spent on a shutdown. */
export async function endProcessesUsing(directory: string): Promise<number> {
  let ended = 0
  // A lab that is being started may launch one more process while its others are ended.
  for (let round = 0; round < 3; round++) {
    const processes = processesUsing(directory)
    if (processes.length === 0) return ended
    await Promise.all(processes.map(endProcess))
    ended += processes.length
  }
  return ended
}

const killLimitMs = 10_000

export async function endProcess(identity: ProcessIdentity): Promise<void> {
  const until = Date.now() + killLimitMs
  while (isAlive(identity)) {
    try {
      process.kill(identity.pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw notEnded(identity, error)
    }
    if (Date.now() > until) throw notEnded(identity, undefined)
    await sleep(10)
  }
}

function notEnded(identity: ProcessIdentity, cause: unknown): SwarmproofError {
  return new SwarmproofError({
    code: 'PROCESS_NOT_ENDED',
    what: `process ${identity.pid} of a lab could not be ended`,
    hint: `type: sudo kill -9 ${identity.pid}`,
    ...(cause === undefined ? {} : { cause }),
  })
}
