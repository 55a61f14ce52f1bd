import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { judgeRun } from '../lib/conformance/judge-run.ts'
import type { RunRecord } from '../lib/conformance/run-record.ts'
import { parseRun, readRun } from '../lib/report/read-run.ts'
import { observationReader } from '../lib/conformance/stored-files.ts'
import { diagnose } from '../lib/diagnosis/diagnosis.ts'
import { problemCodes } from '../lib/observation/codes.ts'
import { suites } from './index.ts'
import { storedFiles, storedRuns, unpackRun } from './stored/stored-run.ts'

const tests = suites.flatMap((suite) => suite.tests)

/** Phrases of problems as expressions that find them with any values, where enough words of their own tell them. */
const ours = Object.values<string>(problemCodes)
  .filter(
    (phrase) =>
      phrase
        .replaceAll(/\{\w+\}/g, '')
        .split(/\s+/)
        .filter(Boolean).length >= 4,
  )
  .map((phrase) =>
    phrase
      .split(/\{\w+\}/)
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
      .join('.+?'),
  )
const ourWords = new RegExp(`^(?:${ours.join('|')})$`)

/** Of verdicts and judgements; what hosts said has none of these. */
const ourKeys = new Set(['verdict', 'problems', 'conclusion', 'controls', 'measures', 'reason', 'unseen'])

/** Why a kernel dropped a packet is its own word. */
const isKernels = (key: string, path: string): boolean => key === 'reason' && /\.got\.drops\.\d+$/.test(path)

function verdictsIn(value: unknown, path: string): string[] {
  if (typeof value === 'string') return ourWords.test(value) ? [`${path}: ${value}`] : []
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(ourKeys.has(key) && !isKernels(key, path) ? [`${path}.${key}`] : []),
    ...verdictsIn(inner, `${path}.${key}`),
  ])
}

describe('runs that real labs stored', function () {
  this.timeout(30_000)
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-stored-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('are there', () => {
    expect(storedRuns()).to.not.deep.equal([])
  })

  for (const name of storedRuns()) {
    it(`${name}: no observation holds a verdict or a sentence of ours`, () => {
      const found = Object.entries(storedFiles(name))
        .filter(([file]) => file !== 'run.json')
        .flatMap(([file, text]) => verdictsIn(JSON.parse(text), file))
      expect(found).to.deep.equal([])
    })

    it(`${name}: is judged and explained as it was`, async () => {
      unpackRun(name, folder)
      const stored = await readRun(folder)
      const { record, changed, judged } = judgeRun(stored, folder, tests)
      expect(changed).to.deep.equal([])
      expect(judged).to.equal(withObservations(stored))
      const titles = diagnose(record, observationReader(folder, record)).map(({ title }) => title)
      expect(titles).to.deep.equal(stored.findings.map(({ title }) => title))
    })
  }

  it('with gossip from another address and the data-path port dropped: gossip is not what frames are missing of', async () => {
    unpackRun('quick-data-port-dropped', folder)
    const stored = await readRun(folder)
    const { record } = judgeRun(stored, folder, tests)
    const read = observationReader(folder, record)
    const before = diagnose(record, read)
    let changed = 0
    const found = diagnose(record, (lab, name) => {
      const seen = structuredClone(read(lab, name)) as { seen?: { wires?: Wires } } | undefined
      if (name.startsWith('control'))
        for (const { frames } of Object.values(seen?.seen?.wires ?? {}).flatMap(({ got }) => got ?? []))
          for (const { egress, udp, vxlan, outer } of frames)
            if (egress && udp?.to === 7946 && vxlan === undefined && outer?.source === '192.168.56.13') {
              outer.source = '192.168.56.113'
              changed += 1
            }
      return seen
    })
    expect(changed).to.be.above(0)
    expect(found.map(({ code }) => code)).to.include.members(before.map(({ code }) => code))
    const gossip = found.find(({ code }) => code === 'other-outer-source')
    expect((gossip?.explains ?? []).filter((id) => /^(VXL-0[1-5]|OVL|ENC|MTU)/.test(id))).to.deep.equal([])
  })
})

describe('what to do about another outer source', () => {
  /** The first remedy, where an address of worker2 stands on other interfaces than it did. */
  const remedyWhere = (place: (address: string) => string | undefined): string | undefined => {
    const folder = mkdtempSync(join(tmpdir(), 'swarmproof-stored-'))
    try {
      unpackRun('narrower-prefix', folder)
      const read = observationReader(folder, judgeableRun(folder))
      const found = diagnose(judgeableRun(folder), (lab, name) => {
        const seen = structuredClone(read(lab, name)) as { seen?: Record<string, Kernel> } | undefined
        if (!name.startsWith('kernel')) return seen
        const { links = [] } = seen?.seen?.['worker2']?.root ?? {}
        const all = links.flatMap(({ addresses }) => addresses)
        for (const link of links)
          link.addresses = all.filter(({ address }) => (place(address) ?? 'eth1') === link.name)
        return seen
      })
      return found.find(({ code }) => code === 'other-outer-source')?.remedy[0]
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  it('is to remove the address, where the expected one stays beside it', () => {
    expect(remedyWhere(() => undefined)).to.contain('`ip addr del 192.168.56.14/28 dev eth1`')
  })

  it('is to let routes take the expected one, where removing might cut the host off', () => {
    const remedy = remedyWhere((address) => (address === '192.168.56.13' ? 'lo' : undefined))
    expect(remedy).to.contain('src 192.168.56.13').and.not.contain('addr del')
  })

  it('is to look for NAT, where no interface has the address', () => {
    const remedy = remedyWhere((address) => (address === '192.168.56.14' ? 'none' : undefined))
    expect(remedy).to.contain('iptables -t nat -S POSTROUTING').and.not.contain('addr del')
  })
})

interface Kernel {
  readonly root: { readonly links: { readonly name: string; addresses: { readonly address: string }[] }[] }
}

const judgeableRun = (folder: string): RunRecord =>
  parseRun(readFileSync(join(folder, 'run.json'), 'utf8'), 'run.json')

type Wires = Record<
  string,
  {
    got?: {
      frames: { egress: boolean; udp?: { to: number }; vxlan?: unknown; outer?: { source: string } }[]
    }
  }
>

function withObservations({ requirements }: RunRecord): number {
  return requirements.filter(
    ({ verdict, attempts }) => verdict !== undefined && attempts?.at(-1)?.observations !== undefined,
  ).length
}
