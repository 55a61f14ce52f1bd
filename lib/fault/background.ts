import type { Host } from '../host/host.ts'
import { shell } from '../host/shell.ts'

/**
 * Starts a Perl program on a host, in a network namespace if one is given by its path, and returns how to end it. It
 * ends by itself after a quarter of an hour, whatever becomes of the harness.
 *
 * @param program without single quotes
 * @throws if it has ended within the first second
 */
export async function inBackground(
  host: Host,
  program: string,
  namespace = '',
): Promise<() => Promise<void>> {
  const enter = namespace === '' ? '' : `nsenter --net=${namespace} `
  const start = `${enter}setsid perl -e 'alarm 900; ${program}' >/dev/null 2>&1 </dev/null & pid=$!`
  const pid = Number((await shell(host, `${start}; sleep 1; kill -0 $pid; echo $pid`)).trim())
  return async () => void (await shell(host, `kill ${pid}`))
}
