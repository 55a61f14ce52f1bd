import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ReadyLab, bringUp } from '../lib/conformance/bring-up.ts'
import { VmProvider } from '../lib/host/vm/vm-provider.ts'
import { findTopology } from '../lib/topology/find-topology.ts'
import { plainProgress } from './lab-test.ts'

/** A lab of virtual machines with its stack, and a folder for what tests write; both are there within tests only. */
export interface RaisedLab {
  readonly folder: string
  readonly raised: ReadyLab
}

/**
 * To be called within `describe`: the lab is up before its tests and gone after them, also where raising it failed half
 * way. The folder is removed unless a test failed, and is named then.
 * @param purpose part of the folder's name
 */
export function raisedLab(topology: string, purpose: string): RaisedLab {
  let folder = ''
  let raised: ReadyLab | undefined
  let failed = false

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), `swarmproof-${purpose}-`))
    raised = await bringUp(findTopology(topology), {
      provider: new VmProvider(),
      progress: plainProgress,
      signal: new AbortController().signal,
      fresh: false,
      runId: 'lab-test',
      onLab: (lab) => (raised = { lab } as ReadyLab),
    })
  })

  afterEach(function () {
    failed ||= this.currentTest?.state === 'failed'
  })

  after(async () => {
    await raised?.lab[Symbol.asyncDispose]()
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
