import type { Emulator } from '../../setup/emulator.ts'
import { runLocal } from '../../setup/local-command.ts'

/** A disk that holds only what differs from another, which must not change any more. */
export async function createOverlay(
  emulator: Emulator,
  base: string,
  baseFormat: 'raw' | 'qcow2',
  overlay: string,
  signal?: AbortSignal,
): Promise<void> {
  await runLocal(emulator.imageTool, ['create', '-q', '-f', 'qcow2', '-b', base, '-F', baseFormat, overlay], {
    what: 'making a disk',
    environment: emulator.environment,
    ...(signal === undefined ? {} : { signal }),
  })
}
