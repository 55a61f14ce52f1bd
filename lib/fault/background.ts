import type { Host } from '../host/host.ts'
import { shell } from '../change/shell.ts'
import { processId } from '../identifier.ts'
import { sh } from '../script.ts'

export interface BackgroundProgram {
  /** Perl, as it stands in the source; what it works with are its arguments. */
  readonly program: string
  /** Its `@ARGV`. */
  readonly words: readonly (string | number)[]
  /** Path of the network namespace it runs in; the host's own where not given. */
  readonly namespace?: string
}

/**
 * Starts a Perl program on a host and returns how to end it. It ends by itself after a quarter of an hour, whatever
 * becomes of the harness.
 *
 * @throws if it has ended within the first second
 */
export async function inBackground(
  host: Host,
  { program, words, namespace }: BackgroundProgram,
): Promise<() => Promise<void>> {
  const enter = namespace === undefined ? sh`` : sh`nsenter --net=${namespace} `
  const start = sh`${enter}setsid perl -e 'alarm 900;' -e ${program} -- ${words} >/dev/null 2>&1 </dev/null & pid=$!`
  const printed = await shell(host, sh`${start}; sleep 1; kill -0 $pid; echo $pid`)
  const pid = processId(printed.trim(), host.name)
  return async () => void (await shell(host, sh`kill ${pid}`))
}
