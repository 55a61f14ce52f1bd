import { SwarmproofError } from '../error.ts'
import { type Script, sh } from '../script.ts'
import type { Host } from '../host/host.ts'

/** Runs a script that changes a host, and returns what it printed. @throws SwarmproofError `HOST_SCRIPT` if it fails */
export async function shell(host: Host, script: Script): Promise<string> {
  const result = await host.remote.exec(
    sh`set -e
${script}`,
    { timeoutMs: 120_000 },
  )
  if (result.exitCode === 0) return result.stdout
  throw new SwarmproofError({
    code: 'HOST_SCRIPT',
    what: 'a script that changes a host failed',
    host: host.name,
    expected: 'exit 0',
    observed: `exit ${result.exitCode}: ${result.stderr.trim().slice(-400)}`,
  })
}
