import { expect } from 'chai'
import { judge, outcomeOf } from '../judged.fake.ts'
import { attachableOnly } from './ovl-11-attachable.ts'
import { on, probe } from './reshaped.fake.ts'

const open = 'swp-ovl11-open'
const task = { ...on('worker2', { [open]: '10.0.5.3' }, 'task'), service: 'swp-ovl11-task' }
const words =
  'docker: Error response from daemon: Could not attach to network swp-clear: rpc error: code = PermissionDenied desc = network swp-clear not manually attachable'
const container = (node: string, name: string) => ({
  ...{ node, label: `swp-ovl11-${name}@${node}`, accepted: false, endpoints: {}, words },
})
const refused = ['manager', 'worker1', 'worker2'].map((node) => container(node, 'closed'))
const joined = {
  ...{ ...container('manager', 'open'), accepted: true, words: '' },
  endpoints: { [open]: { address: '10.0.5.4', mac: '02:42:0a:00:05:04', prefixLength: 24 } },
}
const icmp = {
  protocol: 'icmp',
  probe: probe('swp-ovl11-open@manager', '10.0.5.3', '', { kind: 'icmp', outcome: 'answered' }),
}
const tcp = (body: string) => ({ protocol: 'tcp', probe: probe('swp-ovl11-open@manager', '10.0.5.3', body) })
const seen = (change: object = {}) => ({
  ...{ closed: 'swp-clear', open, task, refused, accepted: [joined] },
  ...{ reached: [icmp, tcp(task.hostname)], ...change },
})

describe('judging which overlays a container of no service joins', () => {
  it('passes when it is refused on one that is not attachable and reaches tasks on one that is', () => {
    const judged = judge(attachableOnly, seen())
    expect(outcomeOf(judged)).to.equal('pass')
    expect(judged.conclusion).to.match(
      /^3 engines refused a container on swp-clear; .* on manager, and reached/,
    )
  })

  it('fails for an engine that lets it join', () => {
    const [first, ...others] = refused
    const letIn = { ...first, accepted: true, words: '' }
    expect(judge(attachableOnly, seen({ refused: [letIn, ...others] })).problems).to.deep.equal([
      {
        ...{ code: 'change-accepted', kind: 'seen', node: 'manager', network: 'swp-clear' },
        subject: 'docker run --network swp-clear',
      },
    ])
  })

  it('fails for an engine that refuses it on an attachable one, in its own words', () => {
    const said = 'docker: Error response from daemon: attaching to network failed'
    const accepted = [{ ...container('manager', 'open'), words: `${'4f'.repeat(32)}\n${said}` }]
    const { problems } = judge(attachableOnly, seen({ accepted, reached: [] }))
    expect(problems).to.have.lengthOf(1)
    expect(problems[0]).to.include({ code: 'change-refused', node: 'manager', network: open, observed: said })
  })

  it('fails for one that has no address there, or does not reach the task', () => {
    const accepted = [{ ...joined, endpoints: {} }]
    const { problems } = judge(attachableOnly, seen({ accepted, reached: [icmp, tcp('')] }))
    expect(problems[0]).to.deep.equal({
      ...{ code: 'task-not-attached', kind: 'missed', node: 'manager', network: open },
      subject: 'swp-ovl11-open@manager',
    })
    expect(problems[1]).to.deep.include({
      ...{ code: 'not-delivered', kind: 'missed', protocol: 'TCP', address: '10.0.5.3' },
      path: { from: 'manager', to: 'worker2' },
    })
    expect(judge(attachableOnly, seen({ reached: [icmp, tcp('nginx')] })).problems[0]).to.include({
      ...{ code: 'answered-by-another', kind: 'seen', observed: 'nginx' },
    })
  })

  it('says nothing of a host that has no image to run', () => {
    const bare = { ...container('worker1', 'closed'), words: 'docker: Error: No such image: probe:1' }
    const judged = judge(attachableOnly, seen({ refused: [bare] }))
    expect(outcomeOf(judged)).to.equal('inconclusive')
    expect(judged.unseen[0]).to.deep.include({ nodes: ['worker1'], why: bare.words })
    expect(judge(attachableOnly, seen({ accepted: [bare], reached: [] })).problems).to.deep.equal([])
  })
})
