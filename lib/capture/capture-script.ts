import type { Script } from '../script.ts'
import { perlFile, perlFromInput } from '../script-file.ts'
import { canaryFilter } from './canary.ts'

/**
 * What runs on a host for one capture, `capture.pl`: Perl from perl-base alone. It enters the namespace, starts tcpdump with
 * standard output handed on, and sends a canary on the captured interface for every line `canary HEX`.
 *
 * It interrupts tcpdump, waits for its statistics and ends: at the end of its input, which a dead owner brings
 * about too; on SIGINT; and after a time limit. If it is killed itself, the kernel ends tcpdump (PDEATHSIG),
 * which is why tcpdump keeps its user (-Z root): a change of user would clear that.
 *
 * The interface is not made promiscuous (-p): this must not change a host.
 * Numbers of system calls, ioctls and socket options are those of Linux on x86_64, aarch64 and riscv64.
 */
export const captureScript = perlFile(import.meta.url, 'capture.pl')

/** The exit code of `captureScript` where there is no tcpdump; tcpdump itself has 1 and 2. */
export const noTcpdump = 5

/** The exit code of a shell that finds no perl. */
export const noPerl = 127

export interface CaptureScriptArguments {
  /** The longest the capture may last. */
  readonly limitSeconds: number
  readonly namespace: string | undefined
  readonly interface: string
  readonly direction: 'out' | 'both'
  readonly snapshotBytes: number
  readonly filter: string
}

/** Runs `captureScript`, which is to be written to its standard input. */
export function captureCommand(settings: CaptureScriptArguments): Script {
  return perlFromInput(captureScript, [
    settings.limitSeconds,
    settings.namespace ?? '-',
    settings.interface,
    settings.direction,
    settings.snapshotBytes,
    settings.filter,
    canaryFilter,
  ])
}
