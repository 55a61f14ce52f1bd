import { SwarmproofError } from '../error.ts'
import type { Host } from '../host/host.ts'

/** Runs a script on a host and returns what it printed. @throws SwarmproofError `FAULT_SCRIPT` if it fails */
export async function shell(host: Host, script: string): Promise<string> {
  const result = await host.remote.exec(`set -e\n${script}`, { timeoutMs: 120_000 })
  if (result.exitCode === 0) return result.stdout
  throw new SwarmproofError({
    code: 'FAULT_SCRIPT',
    what: 'a fault could not be planted or removed',
    host: host.name,
    expected: 'exit 0',
    observed: `exit ${result.exitCode}: ${result.stderr.trim().slice(-400)}`,
  })
}
