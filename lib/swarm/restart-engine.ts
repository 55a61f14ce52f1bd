import type { Host } from '../host/host.ts'
import { scriptFile } from '../script-file.ts'
import { docker } from './docker.ts'

/**
 * Ends the engine of a host and starts it again: by systemd where that runs it, else with the very command line it
 * had, and again if it ends by itself, as systemd would: on a slow host an engine that has to clear up after the one
 * before gives up waiting for its containerd. Resolves when it answers.
 */
export async function restartEngine(host: Pick<Host, 'name' | 'remote'>): Promise<void> {
  await docker(host, restartEngineScript, { timeoutMs: 240_000 })
}

export const restartEngineScript = scriptFile(import.meta.url, 'restart-engine.sh')
