import { detachFunctions, systemdFolder } from '../change/detach.ts'
import { scriptLines, sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { type FindPlaces, type Found, type LeftHost, findLeft, footprintName, isRunId } from './find-left.ts'
import { guardProgram } from './guard-program.ts'
import { finishScript } from './guard-scripts.ts'
import { guardRoot } from './guarded-host.ts'
import { type Leftover, readLeftovers } from './leftovers.ts'

export interface RemoveOptions extends FindPlaces {
  /** Ids of runs that are dead, or whose owner is to be taken for dead. */
  readonly runs: ReadonlySet<string>
  /** What there is of them on this host, as `findLeft` gave it. */
  readonly found: readonly Found[]
  readonly looks?: number
  readonly tickSeconds?: number
  readonly systemdFolder?: string
  /** The command that tries again. */
  readonly again: string
}

/**
 * Removes what there is of these runs on a host, and returns what is left. A guard that watches over a run is ended
 * first; an owner that lives after all is told by that.
 */
export async function removeLeft(host: LeftHost, options: RemoveOptions): Promise<Leftover[]> {
  const left: Leftover[] = []
  for (const run of options.runs) left.push(...(await removeRun(host, run, options)))
  return left
}

async function removeRun(host: LeftHost, run: string, options: RemoveOptions): Promise<Leftover[]> {
  if (!isRunId(run)) throw new Error(`'${run}' is not the id of a run`)
  const { root = guardRoot, systemdFolder: systemd = systemdFolder, again } = options
  const { looks = 60, tickSeconds = 1 } = options
  const found = options.found.filter((one) => one.run === run && one.host === host.name)
  const folder = `${root}/${run}`
  const left: Leftover[] = []
  for (const { id: change, name } of found.filter(({ kind }) => kind === 'change')) {
    const undone = await host.remote.exec(sh`sh -c ${undoScript.text} undo ${[change, systemd]}`, {
      timeoutMs: 120_000,
    })
    if (undone.exitCode !== 0)
      left.push({
        host: host.name,
        what: `change ${name}`,
        remove: `change=${change} sh ${change}/undo && rm -r ${change}`,
      })
  }
  const entries = found.filter(({ kind }) => kind === 'folder').map(({ id }) => `folder ${id}`)
  await host.remote.exec(sh`rm -f ${`${folder}/watch`}`)
  const words = [folder, `swarmproof=${run}`, prefixOf(found), tickSeconds, looks, ...entries]
  const cleaned = await host.remote.exec(sh`sh -c "$(cat)" guard clean ${words}`, {
    input: guardProgram.text,
    timeoutMs: (3 * looks + 300) * 1000,
  })
  if (cleaned.exitCode !== 0) {
    const named = readLeftovers(cleaned.stdout, host.name, again)
    if (named.length > 0) return [...left, ...named]
    return [...left, { host: host.name, what: `what run ${run} created there`, remove: again }]
  }
  const finished = await host.remote.exec(
    sh`sh -c ${finishScript.text} finish ${[folder, `swarmproof-${run}`, systemd]}`,
  )
  if (finished.exitCode !== 0)
    left.push({ host: host.name, what: `folder ${folder}`, remove: `rm -r ${folder}` })
  return left
}

/** Tasks are called as their services; nobody's are waited for where no service tells. */
function prefixOf(found: readonly Found[]): string {
  const service = found.find(({ kind, name }) => kind === 'service' && footprintName.test(name))
  return service?.name.slice(0, 'swp-xxxx'.length) ?? ''
}

/** `FOLDER SYSTEMD-FOLDER`: undoes a change whose owner is dead. The unit of its switch is named by its token. */
export const undoScript = scriptLines([detachFunctions, scriptFile(import.meta.url, 'undo-left.sh')])

/** What there is of these runs on the hosts after all was tried: nothing is said to be gone that was not looked for. */
export async function stillThere(host: LeftHost, options: RemoveOptions): Promise<Found[]> {
  const { found } = await findLeft(host, { ...options, beatWithinSeconds: 0 })
  return found.filter(({ run }) => options.runs.has(run))
}
