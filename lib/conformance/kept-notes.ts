import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ownerFile } from '../owner-only.ts'
import { stateDirectory } from '../setup/directories.ts'
import type { BuildObservations } from './context.ts'

/** What was observed while the stack of a lab was built that is kept standing, for whoever verifies it later. */
export function writeKeptNotes(labId: string, built: BuildObservations): void {
  const file = fileOf(labId)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, JSON.stringify(built), { mode: ownerFile })
}

/** Undefined of labs that were kept by a swarmproof of before, or whose notes cannot be read. */
export function readKeptNotes(labId: string): BuildObservations | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(labId), 'utf8')) as BuildObservations
  } catch {
    return undefined
  }
}

export function removeKeptNotes(labId: string): void {
  rmSync(fileOf(labId), { force: true })
}

function fileOf(labId: string): string {
  return join(stateDirectory(), 'kept', `${labId}.json`)
}
