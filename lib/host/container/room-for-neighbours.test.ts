import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Progress } from '../../progress.ts'
import { makeRoomForNeighbours, roomForNeighbours } from './room-for-neighbours.ts'
import { engineWhere } from './trial-engine.fake.ts'

describe('room for the neighbours of a lab', () => {
  let folder: string
  const files = ['gc_thresh1', 'gc_thresh2', 'gc_thresh3']
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarmproof-neighbours-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  const set = (...values: readonly number[]): void => {
    for (const [index, file] of files.entries()) writeFileSync(join(folder, file), `${values[index]}\n`)
  }
  const had = (): number[] => files.map((file) => Number(readFileSync(join(folder, file), 'utf8')))
  const run = (nodes: number): number | null =>
    spawnSync('sh', ['-c', roomForNeighbours(nodes, folder).text], { stdio: 'ignore' }).status

  it('is made where the kernel’s own is too small, largest limit first', () => {
    set(128, 512, 1024)
    expect(run(20)).to.equal(10)
    expect(had()).to.deep.equal([8192, 49_152, 65_536])
  })

  it('leaves what suffices, and no limit is lowered', () => {
    set(128, 512, 4096)
    expect(run(20)).to.equal(0)
    expect(had()).to.deep.equal([128, 512, 4096])
    set(10_000, 50_000, 2000)
    expect(run(20)).to.equal(10)
    expect(had()).to.deep.equal([10_000, 50_000, 65_536])
  })

  it('is not made in a namespace that has no limits of its own', () => {
    expect(run(20)).to.equal(0)
  })

  it('says that it could not be made', () => {
    set(128, 512, 1024)
    rmSync(join(folder, 'gc_thresh2'))
    // What nobody can write to, not even root.
    mkdirSync(join(folder, 'gc_thresh2'))
    expect(run(20)).to.equal(11)
  })

  describe('by a container', () => {
    /** What is told, and how many containers were made and removed, where the script ends with this code. */
    async function told(nodes: number, code: number | 'refuses') {
      const { engine, containers } = engineWhere(code)
      const notes: string[] = []
      await makeRoomForNeighbours(
        engine,
        { image: 'dind:1', labId: 'lab-1', nodes, privileges: { hostConfig: {} } as never },
        { note: (text: string) => void notes.push(text) } as unknown as Progress,
      )
      return { ...containers, notes: notes.join('\n') }
    }

    it('is not asked for by a small lab', async () => {
      expect(await told(13, 10)).to.deep.equal({ made: 0, removed: 0, notes: '' })
    })

    it('tells that it was made, and nothing where there was room', async () => {
      expect((await told(14, 10)).notes)
        .to.include('room for 65536 neighbours')
        .and.include('until its machine restarts')
      expect(await told(14, 0)).to.deep.equal({ made: 1, removed: 1, notes: '' })
    })

    it('tells what to type where it could not be made', async () => {
      for (const code of [11, 'refuses'] as const) {
        const { removed, notes } = await told(20, code)
        expect(removed).to.equal(1)
        expect(notes)
          .to.include(code === 11 ? 'exit code 11' : 'no such image')
          .and.include('sysctl -w net.ipv4.neigh.default.gc_thresh3=65536')
      }
    })
  })
})
