import { expect } from 'chai'
import type { Suite } from '../conformance/suite.ts'
import { exampleRequirement } from '../conformance/requirement.fake.ts'
import type { ConformanceTest } from '../conformance/test.ts'
import { SwarmproofError } from '../error.ts'
import type { CatalogEntry } from '../observation/catalog-entry.ts'
import { parseTopology } from '../topology/read-topology.ts'
import {
  explainAsJson,
  explainAsText,
  explainCommand,
  findExplained,
  type FoundRequirement,
} from './explain.ts'
import { explainFindingAsText } from './explain-finding.ts'
import { listAsJson, listAsText, listCommand } from './list.ts'
import { paintMark, style } from './terminal.ts'

const plain = style({})
const colourful = style({ isTTY: true }, {})

function made(id: string, more: Partial<ConformanceTest> = {}): ConformanceTest {
  return exampleRequirement({
    id,
    requirement: `Sentence of ${id} that is long enough to need a second line when the window is narrow.`,
    source: [{ document: 'Docker docs', section: 'Routing mesh' }, { document: 'RFC 7348' }],
    safety: 'production',
    needs: [],
    method: 'Look at the wire.',
    usualCauses: ['a firewall drops it'],
    remedy: ['open the port'],
    ...more,
  })
}

const all: readonly Suite[] = [
  { group: 'CTL', title: 'Control plane', tests: [made('CTL-01'), made('CTL-02', { advisory: true })] },
  { group: 'ENC', title: 'Encryption', tests: [made('ENC-01', { safety: 'lab', needs: ['two-nodes'] })] },
]
const topology = parseTopology(
  'underlays: {w: {subnet: 10.9.0.0/24}}\nnodes: {manager: {role: manager, addresses: {w: 10.9.0.1}}, b: {role: worker, addresses: {w: 10.9.0.2}}}\n',
  'two.yaml',
)

const entries: readonly [CatalogEntry, CatalogEntry] = [
  {
    ...{ code: 'swarm-sleeps', title: 'The swarm sleeps', severity: ['advice', 'cause'] },
    meaning: 'Nobody wakes it, and that takes more than one line to tell.',
    ...{ proof: ['It snores.'], silencedBy: ['It talks.'], remedy: ['`wake NODE`'], reports: [] },
  },
  {
    ...{ code: 'enc-asleep', title: 'Encryption sleeps on a node of the swarm', severity: ['cause'] },
    ...{ meaning: 'So it does.', proof: ['Seen.'], silencedBy: ['Not seen.'], remedy: ['`wake -e NODE`'] },
    reports: [{ url: 'https://github.com/a/b/issues/1', says: 'Somebody had it.' }],
  },
]
const listed = { suites: all, topologies: [topology], catalog: entries }

/** Which the test knows to be a requirement. */
const requirementOf = (name: string): FoundRequirement =>
  findExplained(all, entries, name) as FoundRequirement

describe('list', () => {
  it('shows requirements by group with sentence, class and source, wrapped', () => {
    const text = listAsText(listed, 'requirements', plain, 60)
    expect(text.split('\n').slice(0, 5)).to.deep.equal([
      'CTL  Control plane',
      '  CTL-01  Sentence of CTL-01 that is long enough to need a',
      '          second line when the window is narrow.',
      '          production; Docker docs (Routing mesh); RFC 7348',
      '  CTL-02  Sentence of CTL-02 that is long enough to need a',
    ])
    expect(text).to.contain('production, advisory; ').and.to.contain('lab; ')
    for (const line of text.split('\n')) expect(line.length).to.be.at.most(60)
  })

  it('shows suites and topologies', () => {
    expect(listAsText(listed, 'suites', plain, 80)).to.equal(
      '  CTL  Control plane\n       CTL-01 CTL-02\n  ENC  Encryption\n       ENC-01\n',
    )
    expect(listAsText(listed, 'topologies', plain, 80)).to.equal(
      '  two  two\n       manager, b (worker); w 10.9.0.0/24\n',
    )
  })

  it('shows everything under headings, and that there is nothing', () => {
    const text = listAsText(listed, undefined, plain, 80)
    expect(text.match(/^[A-Z]{6,}$/gm)).to.deep.equal(['REQUIREMENTS', 'SUITES', 'TOPOLOGIES', 'FINDINGS'])
    expect(listAsText({ suites: [], topologies: [], catalog: [] }, 'requirements', plain, 80)).to.equal(
      'no requirements\n',
    )
  })

  it('shows findings by code with severity and reports; in a narrow window below one another', () => {
    expect(listAsText(listed, 'findings', plain, 60)).to.equal(
      '  swarm-sleeps  The swarm sleeps\n' +
        '                advice or cause; 0 public reports\n' +
        '  enc-asleep    Encryption sleeps on a node of the swarm\n' +
        '                cause; 1 public report\n',
    )
    expect(listAsText(listed, 'findings', plain, 40).split('\n').slice(0, 5)).to.deep.equal([
      '  swarm-sleeps',
      '      The swarm sleeps',
      '      advice or cause; 0 public reports',
      '  enc-asleep',
      '      Encryption sleeps on a node of the',
    ])
  })

  it('gives JSON of one kind or all', () => {
    expect(listAsJson(listed, 'requirements')).to.have.lengthOf(3)
    expect(listAsJson(listed, 'suites')).to.deep.include({
      group: 'ENC',
      title: 'Encryption',
      requirements: ['ENC-01'],
    })
    expect(listAsJson(listed)).to.have.all.keys('requirements', 'suites', 'topologies', 'findings')
    expect(JSON.parse(JSON.stringify(listAsJson(listed, 'findings')))).to.deep.equal(entries)
    expect(JSON.parse(JSON.stringify(listAsJson(listed, 'requirements')))).to.deep.include({
      id: 'CTL-02',
      group: 'CTL',
      requirement: made('CTL-02').requirement,
      safety: 'production',
      advisory: true,
      profile: 'standard',
      needs: [],
      source: [{ document: 'Docker docs', section: 'Routing mesh' }, { document: 'RFC 7348' }],
    })
  })
})

describe('explain', () => {
  it('finds a requirement or a finding whatever the case, and offers near and valid names otherwise', () => {
    expect(requirementOf(' enc-01 ').test.id).to.equal('ENC-01')
    expect(findExplained(all, entries, 'Enc-Asleep')).to.equal(entries[1])
    expect(() => findExplained(all, entries, 'enc-1'))
      .to.throw(
        SwarmproofError,
        /^unknown requirement or finding 'enc-1', did you mean ENC-01\?\n.*valid: CTL-01, CTL-02, ENC-01, enc-asleep, swarm-sleeps$/,
      )
      .with.property('code', 'UNKNOWN_REQUIREMENT_OR_FINDING')
    expect(() => findExplained(all, entries, 'swarm-sleps')).to.throw(/did you mean swarm-sleeps\?/)
    expect(() => findExplained(all, entries, 'zebra')).to.throw(/^unknown requirement or finding 'zebra'\n/)
  })

  it('tells all there is to know, within the width', () => {
    const text = explainAsText(requirementOf('ENC-01'), plain, 60)
    for (const line of text.split('\n')) expect(line.length).to.be.at.most(60)
    for (const part of [
      'ENC-01  Sentence of ENC-01',
      'group   ENC, Encryption',
      'needs   two-nodes',
      'How it is verified\n  Look at the wire.',
      'What usually breaks it\n  - a firewall drops it',
      'How to fix it\n  - open the port',
      'swarmproof run --only ENC-01',
    ]) {
      expect(text).to.contain(part)
    }
    expect(explainAsText(requirementOf('CTL-02'), plain, 200)).to.contain('never decides the exit code')
  })

  it('colours a terminal without changing the words', () => {
    const text = explainAsText(requirementOf('ENC-01'), colourful, 60)
    expect(text).to.contain(`${paintMark}[`)
    expect(text.replaceAll(new RegExp(`${paintMark}\\[\\d+m`, 'g'), '')).to.equal(
      explainAsText(requirementOf('ENC-01'), plain, 60),
    )
  })

  it('tells all of a finding, within the width', () => {
    const text = explainFindingAsText(entries[1], plain, 60)
    expect(text).to.equal(
      [
        'enc-asleep  Encryption sleeps on a node of the swarm',
        '  kind    cause: explains verdicts and comes before them',
        'What it means\n  So it does.',
        'How it is proved\n  - Seen.',
        'What rules it out\n  - Not seen.',
        'What to type\n  - `wake -e NODE`',
        'Reported cases\n  - Somebody had it.\n    https://github.com/a/b/issues/1\n',
      ].join('\n\n'),
    )
    const remedy = ['Do this first of all: `wake --every node --in the-swarm`'] as const
    expect(explainFindingAsText({ ...entries[1], remedy }, plain, 40)).to.contain(
      '  - Do this first of all:\n    `wake --every node --in the-swarm`\n',
    )
    const first = explainFindingAsText(entries[0], plain, 60)
    expect(first).to.contain('no public report was found')
    for (const line of first.split('\n')) expect(line.length).to.be.at.most(60)
  })

  it('gives JSON without the code', () => {
    expect(explainAsJson(requirementOf('ENC-01')))
      .to.include({ id: 'ENC-01', group: 'ENC', advisory: false, method: 'Look at the wire.' })
      .and.not.to.have.property('run')
  })

  it('and list have help with examples', () => {
    for (const command of [listCommand(), explainCommand()]) {
      let help = ''
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp()
      expect(help).to.contain('Examples:').and.to.contain(`swarmproof ${command.name()}`)
    }
  })
})
