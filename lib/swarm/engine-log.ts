import type { Host } from '../host/host.ts'

/** The last lines of an engine's log that hold one of these words; none where the log cannot be found. */
export async function engineLogLines(host: Host, words: readonly string[]): Promise<string[]> {
  const patterns = words.map((word) => `-e '${word}'`).join(' ')
  const script = `{ cat /var/log/dockerd.log 2>/dev/null || journalctl -u docker -n 5000 --no-pager; } | grep -F ${patterns} | tail -n 20`
  const { stdout } = await host.remote.exec(script, { idempotent: true })
  return stdout.split('\n').filter((line) => line !== '')
}
