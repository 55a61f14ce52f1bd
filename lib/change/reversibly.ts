import { SwarmproofError } from '../error.ts'
import { type Script, scriptLines, sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { detachFunctions, systemdFolder } from './detach.ts'
import type { Host } from '../host/host.ts'

export interface Change {
  /** Lower-case letters and hyphens. While a change of this name is in force on a host there is no second one. */
  readonly name: string
  /** Value of the label `swarmproof` of the run, by which `swarmproof clean HOSTS` knows whose change it is. */
  readonly run?: string
  /** Both find in `$change` a folder of the change's own, for what is to be put back. */
  readonly do: Script
  /** Must do also after a part of `do` alone; its exit code tells whether it did. */
  readonly undo: Script
  /** After so long the host undoes it by itself, whatever became of its owner. */
  readonly deadManSeconds: number
  /** Below which the state is kept; `/run`, which a restart empties as it undoes firewalls, routes and policies. */
  readonly root?: string
  readonly systemdFolder?: string
}

/** Exit code of a change that is in force already, and of an undoing that was done already. */
const takenExit = 46

/** Begin of the name of the folder on the host that holds a change in force. */
const changePrefix = 'swarmproof-change-'

/**
 * Changes a host for a while and returns how to undo it. Every change of a host goes this way, so that each has one
 * dead-man's switch: a process on the host that undoes it after `deadManSeconds`, also where the owner was killed, and
 * that ends when the owner undoes it. A switch never undoes a change that a later run made.
 *
 * @throws SwarmproofError `CHANGE_TAKEN` where another run has the same change in force, `CHANGE_FAILED` with the words
 *   of the host if it cannot be made; what was made of it is undone by then. Undoing throws `CHANGE_UNDONE` where the
 *   switch came first, so that nothing is concluded from what was seen meanwhile, and `CHANGE_FAILED`, with the switch
 *   left in force, where it fails.
 */
export async function reversibly(host: Host, change: Change): Promise<() => Promise<void>> {
  const { name, run = '-', root = '/run', systemdFolder: systemd = systemdFolder } = change
  if (!/^[a-z][a-z0-9-]{0,40}$/.test(name)) throw new Error(`'${name}' cannot name a change`)
  const token = crypto.randomUUID()
  const place = [`${root}/${changePrefix}${name}`, token, `swarmproof-change-${token}`, systemd]
  const seconds = change.deadManSeconds
  const made = await host.remote.exec(
    sh`sh -c ${beginScript.text} begin ${[...place, run, seconds, switchScript.text, change.undo.text, change.do.text]}`,
    { timeoutMs: 120_000 },
  )
  if (made.exitCode === takenExit)
    throw new SwarmproofError({
      code: 'CHANGE_TAKEN',
      what: `another run has changed this host (${name}), and two would undo each other's change`,
      host: host.name,
      hint: 'wait until it has ended; of a run that died: swarmproof clean HOSTS',
    })
  if (made.exitCode !== 0) throw failed(host, name, 'could not be made', made)
  return async () => {
    const undone = await host.remote.exec(sh`sh -c ${endScript.text} end ${place}`, { timeoutMs: 120_000 })
    if (undone.exitCode === takenExit)
      throw new SwarmproofError({
        code: 'CHANGE_UNDONE',
        what: `a change (${name}) was undone after ${seconds} s, before its owner was done with it: what was seen says nothing`,
        host: host.name,
      })
    if (undone.exitCode !== 0) throw failed(host, name, 'could not be undone', undone)
  }
}

function failed(
  host: Host,
  name: string,
  what: string,
  { exitCode, stderr }: { readonly exitCode: number; readonly stderr: string },
): SwarmproofError {
  return new SwarmproofError({
    code: 'CHANGE_FAILED',
    what: `a change of the host (${name}) ${what}`,
    host: host.name,
    expected: 'exit 0',
    observed: `exit ${exitCode}: ${stderr.trim().slice(-400)}`,
  })
}

/** `FOLDER SECONDS`: whoever makes the folder `undoing` is the one that undoes. */
const switchScript = scriptFile(import.meta.url, 'change-switch.sh')

/** `FOLDER TOKEN UNIT SYSTEMD-FOLDER RUN SECONDS SWITCH UNDO DO` */
const beginScript = scriptLines([detachFunctions, scriptFile(import.meta.url, 'change-begin.sh')])

/** `FOLDER TOKEN UNIT SYSTEMD-FOLDER` */
const endScript = scriptLines([detachFunctions, scriptFile(import.meta.url, 'change-end.sh')])
