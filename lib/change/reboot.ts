import { eventually } from '../eventually.ts'
import { sh } from '../script.ts'
import { printBootId } from './boot-id.ts'
import type { Host } from '../host/host.ts'

/**
 * Restarts a host at once, without shutting anything down, as a power cut does. Resolves when it answers again with
 * another boot id. Its Remote must connect anew by itself.
 * @throws `BOUND_EXCEEDED`
 */
export async function reboot(
  host: Pick<Host, 'name' | 'remote'>,
  bound: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const before = (await host.remote.exec(printBootId, { idempotent: true })).stdout.trim()
  // Detached and a moment later, so that this command ends before its connection does.
  await host.remote.exec(
    sh`(sync; sleep 1; reboot -f || echo b >/proc/sysrq-trigger) >/dev/null 2>&1 </dev/null &`,
  )
  await eventually(
    { what: 'the host has booted again', host: host.name, everyMs: 1000, ...bound },
    async () => {
      const { stdout } = await host.remote.exec(printBootId, { idempotent: true, timeoutMs: 10_000 })
      return stdout.trim() !== before && stdout.trim() !== ''
        ? { ready: true, value: undefined }
        : { ready: false, seen: 'it has not gone down yet' }
    },
  )
}
