import { expect } from 'chai'
import { decide } from '../../lib/conformance/decide.ts'
import { asked, task, threeNodes } from '../three-nodes.fake.ts'
import { modeChanged } from './dsc-07-mode-changed.ts'
import { foundProblems, type ModeLook, modeProblems } from './mode-problems.ts'

const own = task('it', 'worker1', 9)
const of = { service: 'swp-it', network: 'swp-own', manager: 'manager' }
const look = (changes: Partial<ModeLook>, addresses: readonly string[]): ModeLook => ({
  ...{ endpointMode: 'dnsrr', vips: [], task: own, address: '10.91.1.9', balancer: null },
  asked: { name: 'swp-it', probe: asked('swp-it@worker1', addresses) },
  ...changes,
})
const vip = '10.91.1.8'
const before = look({ endpointMode: 'vip', vips: [vip], balancer: { marked: [vip], listed: true } }, [vip])
const after = look({}, ['10.91.1.9'])
const codes = (found: readonly { readonly code: string }[]) => found.map(({ code }) => code)

describe('a service that is switched to dnsrr', () => {
  it('was found by its virtual IP, and by none afterwards', () => {
    expect(foundProblems(before)).to.deep.equal([])
    expect(modeProblems(after, of)).to.deep.equal([])
    expect(modeProblems(look({ balancer: { marked: [], listed: false } }, ['10.91.1.9']), of)).to.deep.equal(
      [],
    )
  })

  it('was not where the name, the mark or the task was missing', () => {
    expect(codes(foundProblems(look({}, [])))).to.deep.equal(['virtual-ip-missing'])
    expect(codes(foundProblems({ ...before, balancer: null }))).to.deep.equal([
      'balancer-not-set-up',
      'balancer-lacks-task',
    ])
  })

  it('keeps its virtual IP where the manager ignored it', () => {
    expect(modeProblems(before, of).map(({ code, node }) => `${code} ${node}`)).to.deep.equal([
      'endpoint-mode-unchanged manager',
      'virtual-ip-left manager',
      'virtual-ip-still-marked worker1',
      'balanced-without-virtual-ip worker1',
      'name-lacks-task worker1',
      'name-lists-stranger worker1',
    ])
  })

  it('is judged by its last look, and proves nothing without the control', () => {
    const polled = (last: ModeLook, reached: boolean) => ({
      ...{ reached, seconds: 8, withinSeconds: 90, failedLooks: 0, looks: [], last },
    })
    const seen = { service: 'swp-it', network: 'swp-own', vip, before: polled(before, true) }
    const outcome = (changes: object) => {
      const judged = modeChanged.judge?.({ ...seen, ...changes }, threeNodes()) ?? expect.fail('no judge')
      return decide(judged, { sharesKernel: false }).outcome
    }
    expect(outcome({ after: polled(after, true) })).to.equal('pass')
    expect(outcome({ after: polled(before, false) })).to.equal('fail')
    expect(outcome({ before: polled(after, false) })).to.equal('inconclusive')
  })
})
