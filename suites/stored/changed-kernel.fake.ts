import type { ReadObservation } from '../../lib/diagnosis/lab-view.ts'
import type { HostState } from '../../lib/observe/host-state.ts'

/** All that can be written to, for tests that show a rule something else than the lab did. */
export type Changeable<T> = { -readonly [K in keyof T]: Changeable<T[K]> }

/** Which reading of the kernel: before the traffic or after it. */
export type Reading = 'kernel' | 'kernel-after'

/** Changes what a host showed. */
export type ChangeKernel = (state: Changeable<HostState>, node: string, reading: Reading) => void

/** Reads a stored run as though its hosts’ kernel state had been another. */
export function withKernel(read: ReadObservation, change: ChangeKernel): ReadObservation {
  return (lab, file) => {
    const [reading] = file.split('#')
    if (reading !== 'kernel' && reading !== 'kernel-after') return read(lab, file)
    const stored = structuredClone(read(lab, file)) as
      { seen?: Record<string, Changeable<HostState>> } | undefined
    for (const [node, state] of Object.entries(stored?.seen ?? {})) change(state, node, reading)
    return stored
  }
}
