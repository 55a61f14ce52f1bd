import { explainStored, type StoredExplanation } from '../../lib/cli/explain-stored.ts'
import { type KernelSeen } from '../../lib/conformance/kernel-scene.ts'
import type { Changeable, ChangeKernel } from '../stored/changed-kernel.fake.ts'
import { readGolden } from './golden-case.ts'

/** Changes what a file of a case holds; `name` is that of the observation, without generation, such as `kernel-after`. */
export type ChangeObservation = (name: string, stored: { seen?: unknown }) => void

/** What a golden case is explained by where its lab had shown something else. */
export function explainAltered(fault: string, change: ChangeObservation = () => {}): StoredExplanation {
  const files = Object.entries(readGolden(fault).files).map(([file, text]) => {
    const name = /observations\/(?:.*\/)?([\w-]+)#\d+\.json$/.exec(file)?.[1]
    if (name === undefined) return [file, text]
    const stored = JSON.parse(text) as { seen?: unknown }
    change(name, stored)
    return [file, JSON.stringify(stored)]
  })
  return explainStored(Object.fromEntries(files) as Record<string, string>)
}

/**
 * The same where its kernels had been other ones, in both readings.
 *
 * @param changeSeen changes what other scenes and requirements saw, by the names of their observations
 */
export function explainWithKernel(
  fault: string,
  change: ChangeKernel,
  changeSeen: Readonly<Record<string, (seen: unknown) => void>> = {},
): StoredExplanation {
  return explainAltered(fault, (name, { seen }) => {
    changeSeen[name]?.(seen)
    if (name !== 'kernel' && name !== 'kernel-after') return
    for (const [node, state] of Object.entries((seen ?? {}) as Changeable<KernelSeen>))
      change(state, node, name)
  })
}

/** Causes alone, as tests name them. */
export function causesOf({ findings }: StoredExplanation): (readonly [string, readonly string[]])[] {
  return findings.filter(({ severity }) => severity === 'cause').map(({ code, nodes }) => [code, nodes])
}
