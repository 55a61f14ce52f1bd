import { explainStored, type StoredExplanation } from '../../lib/cli/explain-stored.ts'
import type { ChangeKernel, Changeable } from '../stored/changed-kernel.fake.ts'
import type { HostState } from '../../lib/observe/host-state.ts'
import { readGolden } from './golden-case.ts'

/** What a scene or requirement of a golden case saw, by its key, to be changed in place. */
export type ChangeSeen = (seen: unknown) => void

/** What a golden case is explained by where its hosts’ kernels, or what a requirement saw, had been another. */
export function explainAltered(
  name: string,
  change: ChangeKernel,
  changeSeen: Readonly<Record<string, ChangeSeen>> = {},
): StoredExplanation {
  const { files } = readGolden(name)
  return explainStored(
    Object.fromEntries(
      Object.entries(files).map(([file, text]) => {
        const [, key = ''] = /observations\/(?:.*\/)?([\w-]+)#\d+\.json$/.exec(file) ?? []
        const isKernel = key === 'kernel' || key === 'kernel-after'
        if (!isKernel && changeSeen[key] === undefined) return [file, text]
        const stored = JSON.parse(text) as { seen?: unknown }
        changeSeen[key]?.(stored.seen)
        if (isKernel)
          for (const [node, state] of Object.entries(
            (stored.seen ?? {}) as Record<string, Changeable<HostState>>,
          ))
            change(state, node, key)
        return [file, JSON.stringify(stored)]
      }),
    ),
  )
}
