import { expect } from 'chai'
import type { Suite } from '../conformance/suite.ts'
import { exampleRequirement } from '../conformance/requirement.fake.ts'
import type { ConformanceTest } from '../conformance/test.ts'
import { SwarmproofError } from '../error.ts'
import { parseTopology } from '../topology/read-topology.ts'
import { explainAsJson, explainAsText, explainCommand, findRequirement } from './explain.ts'
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

describe('list', () => {
  it('shows requirements by group with sentence, class and source, wrapped', () => {
    const text = listAsText(all, [], 'requirements', plain, 60)
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
    expect(listAsText(all, [], 'suites', plain, 80)).to.equal(
      '  CTL  Control plane\n       CTL-01 CTL-02\n  ENC  Encryption\n       ENC-01\n',
    )
    expect(listAsText(all, [topology], 'topologies', plain, 80)).to.equal(
      '  two  two\n       manager, b (worker); w 10.9.0.0/24\n',
    )
  })

  it('shows everything under headings, and that there is nothing', () => {
    const text = listAsText(all, [topology], undefined, plain, 80)
    expect(text.match(/^[A-Z]{6,}$/gm)).to.deep.equal(['REQUIREMENTS', 'SUITES', 'TOPOLOGIES'])
    expect(listAsText([], [], 'requirements', plain, 80)).to.equal('no requirements\n')
  })

  it('gives JSON of one kind or all', () => {
    expect(listAsJson(all, [], 'requirements')).to.have.lengthOf(3)
    expect(listAsJson(all, [], 'suites')).to.deep.include({
      group: 'ENC',
      title: 'Encryption',
      requirements: ['ENC-01'],
    })
    expect(listAsJson(all, [topology])).to.have.all.keys('requirements', 'suites', 'topologies')
    expect(JSON.parse(JSON.stringify(listAsJson(all, [], 'requirements')))).to.deep.include({
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
  it('finds a requirement whatever the case, and offers near and valid ids otherwise', () => {
    expect(findRequirement(all, ' enc-01 ').test.id).to.equal('ENC-01')
    expect(() => findRequirement(all, 'enc-1'))
      .to.throw(
        SwarmproofError,
        /^unknown requirement 'enc-1', did you mean ENC-01\?\n.*valid: CTL-01, CTL-02, ENC-01$/,
      )
      .with.property('code', 'UNKNOWN_REQUIREMENT')
    expect(() => findRequirement(all, 'zebra')).to.throw(/^unknown requirement 'zebra'\n/)
  })

  it('tells all there is to know, within the width', () => {
    const text = explainAsText(findRequirement(all, 'ENC-01'), plain, 60)
    for (const line of text.split('\n')) expect(line.length).to.be.at.most(60)
    for (const part of [
      'ENC-01  Sentence of ENC-01',
      'group   ENC, Encryption',
      'needs   two-nodes',
      'How it is verified\n  Look at the wire.',
      'What usually breaks it\n  - a firewall drops it',
      'How to mend it\n  - open the port',
      'swarmproof run --only ENC-01',
    ]) {
      expect(text).to.contain(part)
    }
    expect(explainAsText(findRequirement(all, 'CTL-02'), plain, 200)).to.contain(
      'never decides the exit code',
    )
  })

  it('colours a terminal without changing the words', () => {
    const text = explainAsText(findRequirement(all, 'ENC-01'), colourful, 60)
    expect(text).to.contain(`${paintMark}[`)
    expect(text.replaceAll(new RegExp(`${paintMark}\\[\\d+m`, 'g'), '')).to.equal(
      explainAsText(findRequirement(all, 'ENC-01'), plain, 60),
    )
  })

  it('gives JSON without the code', () => {
    expect(explainAsJson(findRequirement(all, 'ENC-01')))
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
