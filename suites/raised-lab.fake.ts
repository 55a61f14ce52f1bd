import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ReadyLab, bringUp } from '../lib/conformance/bring-up.ts'
import type { Lab } from '../lib/host/host.ts'
import { VmProvider } from '../lib/host/vm/vm-provider.ts'
import { findTopology } from '../lib/topology/find-topology.ts'
import { plainProgress } from './lab-test.ts'

/** A lab of virtual machines with its stack, and a folder for what tests write; both are there within tests only. */
export interface RaisedLab {
  readonly folder: string
  readonly raised: ReadyLab
}

/** The one lab that stands between the tests of several files; `raised` is missing if it did not come up. */
let standing: { readonly topology: string; readonly lab: Lab; raised?: ReadyLab } | undefined

/** The lab that stands if it is of this topology; else one that is raised now, once any other is gone. */
export async function takeLab(topology: string): Promise<ReadyLab> {
  if (standing?.topology === topology && standing.raised !== undefined) return standing.raised
  await endLab()
  const raised = await bringUp(findTopology(topology), {
    provider: new VmProvider(),
    progress: plainProgress,
    signal: new AbortController().signal,
    fresh: false,
    runId: 'lab-test',
    onLab: (lab) => (standing = { topology, lab }),
  })
  return (standing = { topology, lab: raised.lab, raised }).raised
}

/** For tests that raise labs of their own: no other may stand beside them. */
export async function endLab(): Promise<void> {
  const { lab } = standing ?? {}
  standing = undefined
  await lab?.[Symbol.asyncDispose]()
}

/**
 * To be called within `describe`: a lab is up before its tests, with the traces that tests before may have left, and gone
 * after all tests of all files, after one that failed, or for another lab. The folder is removed unless a test failed,
 * and is named then.
 * @param purpose part of the folder's name
 */
export function raisedLab(topology: string, purpose: string): RaisedLab {
  let folder = ''
  let raised: ReadyLab | undefined
  let failed = false

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), `swarmproof-${purpose}-`))
    raised = await takeLab(topology)
  })

  afterEach(function () {
    failed ||= this.currentTest?.state === 'failed'
  })

  after(async () => {
    if (failed || raised === undefined) await endLab()
    if (failed) console.log(`      evidence is kept in ${folder}`)
    else rmSync(folder, { recursive: true, force: true })
  })

  return {
    get folder() {
      return folder
    },
    get raised() {
      if (raised === undefined) throw new Error('the lab is raised before tests, not before that')
      return raised
    },
  }
}

after(endLab)
