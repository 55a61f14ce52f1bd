import { expect } from 'chai'
import type { RequirementRecord } from '../../conformance/run-record.ts'
import type { Finding } from '../../observation/finding.ts'
import { exampleLab } from '../../report/fixtures/example-runs.fake.ts'
import { findingsOf } from '../diagnosis.ts'
import { LabView } from '../lab-view.ts'
import { keepaliveLaterThanBalancer } from './keepalive-later-than-balancer.ts'

interface Shown {
  readonly seconds?: number
  readonly vip?: string
  /** Codes of problems by requirement. */
  readonly problems?: Readonly<Record<string, string>>
  readonly timeoutSeconds?: number
}

function find({ seconds = 7200, vip = '10.91.1.2', problems = {}, timeoutSeconds }: Shown): Finding[] {
  const records = ['LB-01', 'LB-05'].map((id) => ({
    ...{ id, lab: 'three-node' },
    verdict: {
      outcome: problems[id] === undefined ? 'pass' : 'fail',
      problems: problems[id] === undefined ? [] : [{ code: problems[id], kind: 'missed', node: 'worker1' }],
      measures: timeoutSeconds === undefined || id !== 'LB-05' ? [] : [{ value: timeoutSeconds, unit: 's' }],
    },
  }))
  const of = (value: number) => ({ settings: { 'net.ipv4.tcp_keepalive_time': String(value) } })
  // Engines leave those of balancers and networks as the kernel makes them.
  const namespaces = {
    ingress_sbox: of(7200),
    lb_abcdefghi: of(7200),
    '1-abcdefghij': of(7200),
    d41d8cd98f00: of(seconds),
  }
  const files: Readonly<Record<string, unknown>> = {
    'facts#0': { services: { web: { name: 'swp-web', vips: { clear: vip } } }, nodes: [], networks: {} },
    'kernel#0': { seen: { worker1: { namespaces } } },
  }
  const lab = exampleLab('three-node', '26.1.5')
  const view = new LabView(
    lab,
    0,
    records as unknown as RequirementRecord[],
    records as never,
    (_, name) => files[name],
  )
  return findingsOf(view, [keepaliveLaterThanBalancer], lab)
}

describe('keepalive that begins after the balancer forgot', () => {
  it('is advice where all holds, with what to set', () => {
    const [finding] = find({})
    expect(finding).to.deep.include({ severity: 'advice', nodes: ['worker1'], explains: [] })
    expect(finding?.title).to.equal(
      'Idle connections to virtual IPs break after 900 s: TCP keepalive of tasks begins after 7200 s',
    )
    expect(finding?.remedy[0]).to.match(
      /^`docker service update --sysctl-add net\.ipv4\.tcp_keepalive_time=600 swp-web`/,
    )
  })

  it('is the cause of an idle connection that was lost, with the time-out that was read', () => {
    const [finding] = find({ problems: { 'LB-05': 'idle-connection-lost' }, timeoutSeconds: 30 })
    expect(finding).to.deep.include({ severity: 'cause', explains: ['LB-05'] })
    expect(finding?.title).to.match(/after 30 s: .* after 7200 s$/)
    expect(finding?.remedy[0]).to.contain('tcp_keepalive_time=20')
  })

  it('is not said of tasks that probe sooner, without virtual IPs, or where something is broken', () => {
    expect(find({ seconds: 600 })).to.deep.equal([])
    expect(find({ vip: '' })).to.deep.equal([])
    expect(find({ problems: { 'LB-01': 'name-not-answered' } })).to.deep.equal([])
  })
})
