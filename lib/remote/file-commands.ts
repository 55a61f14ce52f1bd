import { randomBytes } from 'node:crypto'
import { posix } from 'node:path'
import type { RawResult } from './bounded-run.ts'
import { RemoteError } from './remote-error.ts'
import { sh } from '../script.ts'
import type { Script } from '../script.ts'

/** Files take as long as they take: what bounds a transfer is this. */
export const transferTimeoutMs = 600_000

/** Writes standard input to a file, atomically, in folders that are made where they are missing. */
export function uploadCommand(remotePath: string, mode: number): Script {
  const [folder, name] = [posix.dirname(remotePath), posix.basename(remotePath)]
  const temporary = posix.join(folder, `.${name}.${randomBytes(6).toString('hex')}`)
  return sh`umask 077; mkdir -p ${folder} || exit
{ cat >${temporary} && chmod ${mode.toString(8)} ${temporary} && mv -fT ${temporary} ${remotePath}; } ||
{ code=$?; rm -f ${temporary}; exit $code; }`
}

export function downloadCommand(remotePath: string): Script {
  return sh`cat <${remotePath}`
}

/** RemoteError `REMOTE_FILE` with the host's own words. */
export function fileError(host: string, what: string, result: RawResult): RemoteError {
  const observed = result.stderr.toString('utf8').trim()
  return new RemoteError({
    code: 'REMOTE_FILE',
    host,
    what,
    observed: observed === '' ? `exit code ${result.exitCode}` : observed,
  })
}
