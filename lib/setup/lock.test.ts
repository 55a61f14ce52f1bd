import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { silentProgress } from '../progress.ts'
import { isLockHeld, withLock } from './lock.ts'
import { ownIdentity } from './process-identity.ts'

describe('lock', () => {
  let folder = ''
  const context = { progress: silentProgress, signal: new AbortController().signal }
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-test-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  it('lets one in at a time', async () => {
    const path = join(folder, 'x.lock')
    let inside = 0
    let most = 0
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside--
    }
    await Promise.all([1, 2, 3].map(() => withLock(path, 'testing', context, work)))
    expect(most).to.equal(1)
    expect(readdirSync(folder)).to.deep.equal([])
  })

  it('is given back when the work fails', async () => {
    const path = join(folder, 'x.lock')
    const failing = withLock(path, 'testing', context, () => Promise.reject(new Error('no')))
    expect(await failing.catch((error: Error) => error.message)).to.equal('no')
    expect(await isLockHeld(path)).to.equal(false)
  })

  it('is taken over from an owner that died', async () => {
    const path = join(folder, 'x.lock')
    writeFileSync(path, JSON.stringify({ ...ownIdentity(), started: 'another boot:1' }))
    expect(await isLockHeld(path)).to.equal(false)
    expect(await withLock(path, 'testing', context, async () => isLockHeld(path))).to.equal(true)
  })

  it('stops waiting on abort, and says once what for', async () => {
    const path = join(folder, 'x.lock')
    const controller = new AbortController()
    const notes: string[] = []
    writeFileSync(path, JSON.stringify(ownIdentity()))
    const waiting = withLock(
      path,
      'testing',
      {
        signal: controller.signal,
        progress: {
          ...silentProgress,
          note: (text) => {
            notes.push(text)
            setTimeout(() => controller.abort(new Error('enough')), 300)
          },
        },
      },
      () => Promise.resolve('in'),
    )
    expect(await waiting.catch((error: unknown) => (controller.signal.aborted ? 'gave up' : error))).to.equal(
      'gave up',
    )
    expect(notes).to.deep.equal([`waiting for another swarmproof process that is testing (it holds ${path})`])
  })
})
