import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unpackRun } from './stored-run.ts'

const folders = new Map<string, string>()

process.on('exit', () => {
  for (const folder of folders.values()) rmSync(folder, { recursive: true, force: true })
})

/** Where a stored run is unpacked, once for all tests that only read it. */
export function unpacked(name: string): string {
  const known = folders.get(name)
  if (known !== undefined) return known
  const folder = mkdtempSync(join(tmpdir(), 'swarmproof-stored-'))
  folders.set(name, folder)
  unpackRun(name, folder)
  return folder
}
