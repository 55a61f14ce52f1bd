import { expect } from 'chai'
import { exampleVerdict } from '../conformance/verdict.fake.ts'
import type { RunRecord } from '../conformance/run-record.ts'
import { diagnose } from '../diagnosis/diagnosis.ts'
import type { Evidence } from '../conformance/verdict.ts'
import {
  conformantRun,
  engineMatrixRun,
  exampleRuns,
  harnessFailedRun,
  interruptedRun,
  judge,
  nonConformantRun,
  severalLabsRun,
} from './fixtures/example-runs.fake.ts'
import { relativeLink } from './html/link.ts'
import { renderHtml } from './html.ts'

/** What a reader sees: tags, style and script taken out. */
function words(html: string): string {
  return html
    .replace(/<style>[\s\S]*?<\/style>|<script>[\s\S]*?<\/script>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&#39;/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
}

const heading = (html: string): string => words(/<h1>[\s\S]*?<\/h1>/.exec(html)?.[0] ?? '').trim()

function withEvidence(...evidence: Evidence[]): RunRecord {
  const record = conformantRun()
  judge(record, 'CTL-01', 'pass', 'As required.', evidence)
  return record
}

describe('HTML report', () => {
  for (const [name, make] of Object.entries(exampleRuns)) {
    it(`of a ${name} run is well formed, links only to itself and asks the network for nothing`, () => {
      const html = renderHtml(make())
      expect(html).not.to.match(/undefined|\[object Object\]|NaN/)
      expect(unbalanced(html)).to.deep.equal([])
      expect(html).not.to.match(/(src|href|action)="(?!#|data:,|captures\/|hosts\/|run\.json)/)
      expect(html).not.to.match(/@import|url\(/)
      const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
      for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) expect(ids).to.include(target)
      expect(ids.size).to.equal([...html.matchAll(/ id="/g)].length)
    })
  }

  it('calls nothing broken where there is advice alone', () => {
    const found = diagnose(nonConformantRun())
    expect(found.map(({ severity }) => severity)).to.include('cause')
    const advice = found.map((finding) => ({ ...finding, severity: 'advice' as const, explains: [] }))
    const sound = words(renderHtml({ ...conformantRun(), findings: advice }))
    expect(sound).to.contain('Worth knowing').and.to.contain('Advice').and.to.not.contain('What is broken')
    const broken = { ...nonConformantRun(), findings: found }
    const failed = words(renderHtml(broken))
    expect(failed).to.contain('What is broken').and.to.contain('Cause').and.to.not.contain('Worth knowing')
  })

  it('says the verdict first', () => {
    expect(heading(renderHtml(conformantRun()))).to.equal('✓ Conformant partial')
    expect(heading(renderHtml(nonConformantRun()))).to.equal('✗ Not conformant partial')
    expect(heading(renderHtml(interruptedRun()))).to.equal('? Inconclusive partial not finished')
    expect(words(renderHtml(interruptedRun()))).to.contain('The run was interrupted')
    const whole = conformantRun()
    whole.requirements = whole.requirements.filter((requirement) => requirement.verdict?.outcome === 'pass')
    expect(heading(renderHtml(whole))).to.equal('✓ Conformant')
  })

  it('tells of a failure its reason, hosts, causes, remedy, evidence and command before anything else', () => {
    const text = words(renderHtml(nonConformantRun()))
    const matrix = text.indexOf('Requirements at a glance')
    for (const part of [
      '3 of 45 requirements failed: CTL-04, OVL-03, ING-02.',
      'swarmproof run three-node --fresh',
      'worker1 → worker2: 3 of 3 frames left eth1',
      'hosts worker1 worker2',
      'The provider network swallows 4789',
      'docker swarm init --data-path-port 7789',
      'Inconclusive',
    ]) {
      expect(text.indexOf(part), part).to.be.within(0, matrix)
    }
    expect(renderHtml(nonConformantRun())).to.contain('href="captures/example.pcap"')
    expect(text).to.contain('captures/example.pcap').and.contain('214 packets').and.contain('VXLAN vni 4097')
    expect(text).to.contain('2004 ms 2000 ms')
  })

  it('tells which step failed on which host, with the log', () => {
    const html = renderHtml(harnessFailedRun())
    expect(words(html))
      .to.contain("The harness failed at 'Form swarm' on worker2")
      .and.contain('Timeout was reached before node joined.')
    expect(html).to.contain('href="hosts/worker2/dockerd.log"')
  })

  it('shows labs side by side where requirements were verified on several', () => {
    const html = renderHtml(engineMatrixRun())
    const table = words(/<table class="cross">[\s\S]*?<\/table>/.exec(html)?.[0] ?? '')
    expect(table).to.match(/three-node@20.10 20.10.24-example three-node@26.1 .*three-node@28.5/)
    expect(table).to.match(/ENC-01 ✗ failed ✓ passed ✓ passed/)
    expect(words(html)).to.contain('1 of 135 checks failed: ENC-01 (three-node@20.10).')
    expect(html).to.contain('href="#ENC-01-three-node_28_5"')
    expect(renderHtml(conformantRun())).not.to.contain('class="cross"').and.not.contain('id="labs"')
  })

  it('says of several labs which one a verdict is from and which one could not come up', () => {
    const text = words(renderHtml(severalLabsRun()))
    expect(text).to.contain('1 of 45 requirements failed: ENC-01 (three-node).')
    expect(text).to.contain('The harness failed on low-mtu')
    expect(text).to.contain('on worker2 of lab low-mtu failed')
    expect(text).to.match(/low-mtu .* not reached .* 4 not reached/)
  })

  it('escapes everything, wherever it stands', () => {
    const evil = `</script><script>alert(1)</script>"'><img src=x onerror=alert(1)>\u0000\u001b[31m\u202e\ud800`
    const record = poison(nonConformantRun(), evil)
    const html = renderHtml(record)
    expect(html).not.to.contain('<script>alert').and.not.contain('<img')
    expect(html.match(/<script>/g)).to.have.lengthOf(1)
    // eslint-disable-next-line no-control-regex
    expect(html).not.to.match(/[\u0000\u001b\u202e]|\p{Surrogate}/u)
    expect(words(html)).to.contain('\\u001b[31m\\u202e\\ud800')
    expect(unbalanced(html)).to.deep.equal([])
  })

  it('stays small whatever was observed, and says where the rest is', () => {
    const rows = Array.from({ length: 4000 }, (_, index) => ({ mac: `02:42:${index}`, vtep: '192.0.2.1' }))
    const record = withEvidence(
      { kind: 'observation', name: 'rows', data: rows },
      { kind: 'observation', name: 'deep', data: { a: { b: rows } } },
      { kind: 'observation', name: 'text', data: 'x'.repeat(500_000) },
      { kind: 'packets', name: 'wire', file: 'captures/x.pcap', packets: 9, summary: rows.map(String) },
    )
    const again: Evidence = {
      kind: 'observation',
      name: 'again',
      data: Array.from({ length: 50 }, () => ({ a: 'z'.repeat(199), b: 'z'.repeat(199) })),
    }
    record.requirements = record.requirements.slice(0, 12).map((requirement, index) => ({
      ...requirement,
      verdict: exampleVerdict('pass', 'y'.repeat(20_000), {
        evidence:
          index === 0 ? (requirement.verdict?.evidence ?? []) : Array.from({ length: 70 }, () => again),
      }),
    }))
    const html = renderHtml(record)
    expect(html.length).to.be.below(5_000_000)
    expect(words(html)).to.contain('40 of 4000 rows shown; the rest is in run.json')
    expect(words(html)).to.contain('first 12000 of 500000 characters; the rest is in run.json')
  })

  it('shows evidence of any shape', () => {
    const shapes = [
      null,
      undefined,
      0,
      '',
      [],
      {},
      [[]],
      [null],
      [{ a: 1 }, { b: [1, 2] }],
      { a: { b: 1n.toString() } },
    ]
    const html = renderHtml(
      withEvidence(...shapes.map((data): Evidence => ({ kind: 'observation', name: 'n', data }))),
    )
    expect(unbalanced(html)).to.deep.equal([])
    const figure = renderHtml(withEvidence({ kind: 'measurement', name: 'm', value: Number.NaN, unit: 'ms' }))
    expect(words(figure)).to.contain('could not be measured')
  })

  it('links only to files inside the folder of the run', () => {
    expect(relativeLink('captures/a b#.pcap')).to.equal('captures/a%20b%23.pcap')
    expect(relativeLink('javascript:alert(1)')).to.equal('javascript%3Aalert(1)')
    for (const outside of [
      '/etc/passwd',
      '../x',
      'a/../../x',
      '',
      'a\\..\\b',
      'http://x',
      '//x/y',
      'a/\ud800',
    ]) {
      expect(relativeLink(outside), outside).to.equal(undefined)
    }
  })
})

/** Every text of the record becomes the given one, but for what its shape needs. */
function poison(record: RunRecord, evil: string): RunRecord {
  const keep = new Set([
    'state',
    'outcome',
    'kind',
    'role',
    'origin',
    'startedFrom',
    'safety',
    'startedAt',
    'endedAt',
  ])
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return keep.has(key) ? value : `${value}${evil}`
    if (Array.isArray(value)) return value.map((entry) => walk(entry, ''))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([name, entry]) => [name, walk(entry, name)] as const)
    return Object.fromEntries(key === 'data' || key === 'facts' ? [...entries, [evil, evil]] : entries)
  }
  return walk(record, '') as RunRecord
}

/** Elements that are closed wrongly or not at all. */
function unbalanced(html: string): string[] {
  const empty = new Set(['meta', 'link', 'input', 'img', 'br'])
  const open: string[] = []
  const wrong: string[] = []
  const body = html.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '').replace('<!doctype html>', '')
  for (const [tag, slash, name = '', rest] of body.matchAll(/<(\/?)([a-zA-Z][\w-]*)((?:"[^"]*"|[^">])*)>/g)) {
    if (empty.has(name) || rest?.endsWith('/')) continue
    if (slash === '') open.push(name)
    else if (open.pop() !== name) wrong.push(tag)
  }
  return [...wrong, ...open]
}
