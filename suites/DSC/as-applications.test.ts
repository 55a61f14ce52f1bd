import { expect } from 'chai'
import { decide } from '../../lib/conformance/decide.ts'
import type { RequirementRecord } from '../../lib/conformance/run-record.ts'
import { findingsOf } from '../../lib/diagnosis/diagnosis.ts'
import { LabView } from '../../lib/diagnosis/lab-view.ts'
import { rules } from '../../lib/diagnosis/rule-table.ts'
import { triedNames } from '../../lib/observation/application-names.ts'
import type { Finding } from '../../lib/observation/finding.ts'
import { exampleLab } from '../../lib/report/fixtures/example-runs.fake.ts'
import { readSections } from '../../lib/remote/sections.ts'
import { foundIn, resolverFile } from '../scene/recordings/application-names.ts'
import { asked, threeNodes } from '../three-nodes.fake.ts'
import { asApplications } from './dsc-08-as-applications.ts'

const nodes = ['manager', 'worker1', 'worker2']
const known: Readonly<Record<string, readonly string[]>> = {
  'swp-web': ['10.91.1.2'],
  'tasks.swp-web': ['10.91.1.3', '10.91.1.4'],
}

/** As engine 26.1.5 wrote it for a task on a host whose file is `ofHost`. */
const files = {
  plain: { ofHost: ['nameserver 172.31.250.3'], ofTask: ['nameserver 127.0.0.11', 'options ndots:0'] },
  searching: {
    ofHost: ['nameserver 172.31.250.3', 'search example.com', 'options ndots:1'],
    ofTask: ['nameserver 127.0.0.11', 'search example.com', 'options ndots:1'],
  },
  malformed: {
    ofHost: ['nameserver 172.31.250.3', 'options ndots: 2'],
    ofTask: ['nameserver 127.0.0.11', 'options 2 ndots:0'],
  },
}

interface Shown {
  readonly file?: keyof typeof files
  readonly addresses?: readonly string[]
  readonly seconds?: number
  readonly upstream?: 'silent' | 'alive'
}

/** Everything as it should be but on worker1. */
function seenWith({ file = 'plain', addresses, seconds = 0.05, upstream = 'alive' }: Shown) {
  const place = (node: string) => {
    const { ofHost, ofTask } = node === 'worker1' ? files[file] : files.plain
    const found = Object.entries(known).map(([name, own]) => {
      const told = node === 'worker1' ? (addresses ?? own) : own
      return {
        ...{ name, exitCode: told.length > 0 ? 0 : 2, addresses: told },
        seconds: node === 'worker1' ? seconds : 0.05,
      }
    })
    const parsed = {
      ofTask: resolverFile(ofTask),
      ofHost: resolverFile(ofHost),
      ofResolved: resolverFile([]),
    }
    return { got: { task: `swp-rr@${node}`, ...parsed, found } }
  }
  const raw = nodes.flatMap((node) => [
    ...Object.entries(known).flatMap(([name, own]) => [
      { node, name, type: 'A', by: 'task', probe: asked(`swp-rr@${node}`, own) },
      { node, name, type: 'AAAA', by: 'task', probe: asked(`swp-rr@${node}`, []) },
    ]),
    {
      ...{ node, name: 'example.com', type: 'A', by: 'host' },
      probe: {
        ...asked(node, node === 'worker1' && upstream === 'silent' ? undefined : [], 'NXDOMAIN'),
        to: '172.31.250.3',
      },
    },
  ])
  return { names: { places: Object.fromEntries(nodes.map((node) => [node, place(node)])), asked: raw } }
}

const judged = (shown: Shown) =>
  asApplications.judge(JSON.parse(JSON.stringify(seenWith(shown))), threeNodes())

function findings(shown: Shown): Finding[] {
  const { problems } = judged(shown)
  const outcome = decide(judged(shown), { sharesKernel: false }).outcome
  const records = [{ id: 'DSC-08', lab: 'three-node', verdict: { outcome, problems } }]
  const lab = exampleLab('three-node', '26.1.5')
  const read = (_: unknown, name: string): unknown =>
    name === 'application-names#0'
      ? { seen: seenWith(shown).names }
      : name === 'facts#0'
        ? threeNodes()
        : undefined
  const view = new LabView(lab, 0, records as unknown as RequirementRecord[], records as never, read)
  const own = rules.filter(({ code }) => /^(search-list|resolver-option|nameservers-dead)/.test(code))
  return findingsOf(view, own, lab)
}

const codes = (shown: Shown): string[] => judged(shown).problems.map(({ code, node }) => `${code} ${node}`)
const told = (shown: Shown) => findings(shown).map(({ code, severity }) => `${severity} ${code}`)

describe('names as programs in tasks find them', () => {
  it('pass where they are those of the resolver, in time', () => {
    expect(codes({})).to.deep.equal([])
    expect(findings({})).to.deep.equal([])
    expect(judged({}).conclusion).to.equal(
      'programs on 3 nodes found services as their resolver answers, in 0.05 s at most',
    )
  })

  it('fail where a program finds another, nothing, or waits', () => {
    expect(codes({ addresses: ['93.184.216.34'] })).to.include('application-finds-another worker1')
    expect(codes({ addresses: [] })).to.deep.equal([
      'application-does-not-find worker1',
      'application-does-not-find worker1',
    ])
    expect(codes({ seconds: 4.2 })[0]).to.equal('application-waits-for-name worker1')
    expect(codes({ upstream: 'silent' })).to.deep.equal(['nameservers-silent worker1'])
  })
})

describe('the search list of a host', () => {
  it('is the cause where a program found another address by it', () => {
    const [first, ...others] = findings({ file: 'searching', addresses: ['93.184.216.34'] })
    expect(others).to.deep.equal([])
    expect(first).to.deep.include({ code: 'search-list-asked-first', severity: 'cause', nodes: ['worker1'] })
    expect(first?.title).to.equal(
      "Programs in tasks on worker1 ask for swp-web.example.com before swp-web: the host's /etc/resolv.conf has options ndots:1 and search example.com",
    )
    expect(first?.proof[1]).to.equal(
      'swp-rr@worker1: swp-web is 93.184.216.34 after 0.05 s; 127.0.0.11 says A 10.91.1.2 in 3 ms, AAAA NOERROR in 3 ms',
    )
  })

  it('is advice where the service was found all the same, and nothing without ndots', () => {
    expect(told({ file: 'searching' })).to.deep.equal(['advice search-list-asked-first'])
    expect(told({ addresses: ['93.184.216.34'] })).to.deep.equal([])
  })

  it('is a cause beside nameservers that are dead, for which it waits', () => {
    const both = findings({ file: 'searching', seconds: 8.1, upstream: 'silent' })
    expect(both.map(({ code, severity }) => `${severity} ${code}`)).to.deep.equal([
      'cause nameservers-dead',
      'cause search-list-asked-first',
    ])
    expect(both[0]?.title).to.equal(
      'No nameserver of worker1 answers it: 172.31.250.3, which answers manager and worker2',
    )
  })
})

describe('a malformed option', () => {
  it('is advice where names are found, and the cause where they are not', () => {
    expect(told({ file: 'malformed' })).to.deep.equal(['advice resolver-option-malformed'])
    const [first] = findings({ file: 'malformed', addresses: [] })
    expect(first).to.include({ code: 'resolver-option-malformed', severity: 'cause' })
    expect(first?.title).to.equal("worker1's /etc/resolv.conf has a malformed option: options ndots: 2")
  })
})

describe('a resolv.conf', () => {
  const file = resolverFile([
    'nameserver 127.0.0.11 ',
    'search old.example',
    ' options\tndots:2 rotate',
    'search a.example  b.example',
    'options ndots:1',
  ])

  it('is read as its manual says: the last search list, all options', () => {
    expect(file).to.deep.equal({
      nameservers: ['127.0.0.11'],
      search: ['a.example', 'b.example'],
      options: ['ndots:2', 'rotate', 'ndots:1'],
    })
    expect(resolverFile(['search \u0007bad'])).to.deep.include({ search: ['?bad'] })
  })

  it('says which names are tried, in their order', () => {
    expect(triedNames('web', file)).to.deep.equal(['web.a.example', 'web.b.example', 'web'])
    expect(triedNames('tasks.web', file)[0]).to.equal('tasks.web')
    expect(triedNames('web.', file)).to.deep.equal(['web.'])
    expect(triedNames('web', { search: ['a.example'], options: [] })[0]).to.equal('web.a.example')
    expect(triedNames('web', { search: ['a.example'], options: ['ndots:0'] })[0]).to.equal('web')
  })

  it('is told beside what getent printed', () => {
    const printed = ['@@ name swp-web 0 100.10 100.25', '10.91.1.2', 'nonsense', '@@ end'].join('\n')
    const [section] = readSections(printed, '@@').all
    expect(foundIn(section ?? expect.fail())).to.deep.equal({
      ...{ name: 'swp-web', exitCode: 0, addresses: ['10.91.1.2'], seconds: 0.15 },
    })
  })
})
