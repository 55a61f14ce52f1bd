import type { Host } from '../host/host.ts'
import { Lacking } from '../lacking.ts'
import { sh } from '../remote/script.ts'

/** The last lines of an engine's log that hold one of these words. @throws Lacking where there is no log to be found */
export async function engineLogLines(host: Host, words: readonly string[]): Promise<string[]> {
  const patterns = words.flatMap((word) => ['-e', word])
  const script = sh`if [ -r /var/log/dockerd.log ]; then log='cat /var/log/dockerd.log'; else log='journalctl -u docker -n 5000 --no-pager -q'; fi
[ -n "$($log 2>/dev/null | head -n 1)" ] || exit 44
$log | grep -F ${patterns} | tail -n 20`
  const { exitCode, stdout } = await host.remote.exec(script, { idempotent: true })
  if (exitCode === 44) {
    throw new Lacking({
      code: 'NO_ENGINE_LOG',
      what: `the engine's log of ${host.name} is neither in /var/log/dockerd.log nor in the journal of unit docker`,
    })
  }
  return stdout.split('\n').filter((line) => line !== '')
}
