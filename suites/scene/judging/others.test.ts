import { expect } from 'chai'
import type { Part } from '../../../lib/observation/part.ts'
import type { Polled } from '../../../lib/observation/polled.ts'
import {
  type OtherBalancer,
  otherBalancerProblems,
  type OtherPort,
  otherPortProblems,
  othersJudged,
  type OthersSeen,
} from './others.ts'

/** As a lab with engine 26.1.5 showed it of an operator's service that publishes 8099, on worker1. */
const port: OtherPort = {
  ...{ node: 'worker1', service: 'zzweb', network: 'ingress', protocol: 'tcp', port: 8099 },
  ...{ tasks: ['10.0.0.12'], mark: 269, sandbox: '172.18.0.2', leadsTo: '172.18.0.2:8099' },
  ipvs: {
    ...{ firewallMark: 269, scheduler: 'rr' },
    destinations: [{ address: '10.0.0.12', weight: 1, forwarding: 'Masq' }],
  },
}
/** Of one on a network of its own, before and after its balancer was set up. */
const { mark, ipvs } = { mark: 271, ipvs: { ...port.ipvs, firewallMark: 271 } as OtherBalancer['ipvs'] }
const bare: OtherBalancer = {
  ...{ node: 'worker2', service: 'zzapp', network: 'zzapp', vip: '10.0.4.2', tasks: ['10.0.0.12'] },
  ipvs: null,
}

const seen = (more: Partial<OthersSeen> = {}): OthersSeen => ({
  ports: [],
  balancers: [],
  unread: [],
  ...more,
})
const codes = (one: OtherPort) => otherPortProblems(seen({ ports: [one] })).map(({ code }) => code)
const without = (...keys: (keyof OtherPort)[]): OtherPort =>
  Object.fromEntries(
    Object.entries(port).filter(([key]) => !keys.includes(key as never)),
  ) as unknown as OtherPort

describe('ports and balancers of services that are not of the run', () => {
  it('are sound as a lab showed them', () => {
    expect(codes(port)).to.deep.equal([])
    expect(otherBalancerProblems(seen({ balancers: [{ ...bare, mark, ipvs }] }))).to.deep.equal([])
  })

  it('are not where a rule is missing, leads elsewhere, is not asked or is followed by one that drops', () => {
    expect(otherPortProblems(seen({ ports: [without('leadsTo')] }))).to.deep.equal([
      {
        ...{ code: 'port-not-translated', kind: 'missed', subject: 'nat', node: 'worker1' },
        ...{ service: 'zzweb', network: 'ingress', protocol: 'TCP', port: 8099 },
      },
    ])
    expect(codes({ ...without('leadsTo'), unasked: true })).to.deep.equal(['ingress-chain-not-reached'])
    expect(codes({ ...port, leadsTo: '172.18.0.9:8099' })).to.deep.equal(['port-translated-elsewhere'])
    expect(codes({ ...port, leadsTo: '?' })).to.deep.equal([])
    expect(codes({ ...port, droppedBy: 'filter FORWARD' })).to.deep.equal(['published-port-not-forwarded'])
    expect(codes(without('mark'))).to.deep.equal(['port-not-marked'])
  })

  it('are not where IPVS lists other tasks than run', () => {
    expect(codes({ ...port, tasks: ['10.0.0.13'] })).to.deep.equal([
      'balancer-lacks-task',
      'balancer-lists-stranger',
    ])
    expect(
      otherBalancerProblems(seen({ balancers: [bare] })).map(({ code, address }) => [code, address]),
    ).to.deep.equal([['balancer-not-set-up', '10.0.4.2']])
  })

  it('are judged by what every look showed', () => {
    const looks = (...all: OthersSeen[]): Part<Polled<OthersSeen>> => ({
      got: {
        ...{ seconds: 16, withinSeconds: 30, failedLooks: 0, reached: true },
        ...{ looks: all.map((one, index) => ({ atSeconds: index, seen: one })), last: all.at(-1) ?? seen() },
      },
    })
    const [early, late] = [seen({ balancers: [bare] }), seen({ balancers: [{ ...bare, mark, ipvs }] })]
    expect(othersJudged(looks(early, late), otherBalancerProblems).problems).to.deep.equal([])
    expect(othersJudged(looks(early, early), otherBalancerProblems).problems).to.have.lengthOf(1)
  })

  it('that could not be read are unseen; a run of before says nothing', () => {
    const { problems, unseen } = othersJudged({ threw: 'no manager' }, otherPortProblems)
    expect(problems).to.deep.equal([])
    expect(unseen).to.deep.equal([{ what: 'services that are not of the run', nodes: [], why: 'no manager' }])
    expect(othersJudged(undefined, otherPortProblems)).to.deep.equal({ problems: [], unseen: [] })
  })
})
