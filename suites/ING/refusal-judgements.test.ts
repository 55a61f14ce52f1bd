import { expect } from 'chai'
import { takenPort } from './ing-08-taken-port.ts'
import { oneIngress } from './ing-09-one-ingress.ts'
import { codes, judge, noIngress, outcomeOf } from './ing.fake.ts'

describe('judging refusals', () => {
  const refused = {
    command: 'service create --publish published=18080,target=80,protocol=tcp',
    accepted: false,
    words:
      "Error response from daemon: rpc error: code = InvalidArgument desc = port '18080' is already in use",
  }
  const taken = (change = {}, exists = false) => ({
    ...{ port: 18080, protocol: 'tcp', service: 'swp-ing08-second', exists },
    refusal: { ...refused, ...change },
  })

  it('passes when a taken port is refused by its number', () => {
    expect(outcomeOf(judge(takenPort, taken()))).to.equal('pass')
    expect(outcomeOf(judge(takenPort, null, noIngress))).to.equal('skip')
  })

  it('fails when it is accepted, refused without the number, or there all the same', () => {
    expect(codes(judge(takenPort, taken({ accepted: true, words: 'ya3u' }, true)))).to.deep.equal([
      'taken-port-accepted',
    ])
    expect(codes(judge(takenPort, taken({ words: 'Error response from daemon: no' })))).to.deep.equal([
      'refusal-unclear',
    ])
    expect(codes(judge(takenPort, taken({}, true)))).to.deep.equal(['refused-service-exists'])
  })

  it('says nothing where nobody decided', () => {
    const words =
      'Error response from daemon: rpc error: code = Unknown desc = The swarm does not have a leader.'
    expect(outcomeOf(judge(takenPort, taken({ words })))).to.equal('inconclusive')
  })

  const networksSeen = (change = {}) => ({
    created: {
      ...{ command: 'network create --driver overlay --ingress swp-ing09-second', accepted: false },
      words:
        'Error response from daemon: rpc error: code = AlreadyExists desc = ingress network (ikn3) is already present',
    },
    removed: {
      ...{ command: 'network rm ingress', accepted: false },
      words:
        'WARNING! Before removing the routing-mesh network, make sure all the nodes in your swarm run the same docker engine version.\nError response from daemon: rpc error: code = FailedPrecondition desc = ingress network cannot be removed because service yyy depends on it',
    },
    ...{ before: ['ingress (ikn3)'], after: ['ingress (ikn3)'], ...change },
  })

  it('judges the ingress networks before and after, too', () => {
    expect(outcomeOf(judge(oneIngress, networksSeen()))).to.equal('pass')
    const created = { command: 'network create', accepted: true, words: '' }
    expect(codes(judge(oneIngress, networksSeen({ created })))).to.deep.equal(['second-ingress-accepted'])
    const gone = networksSeen({ removed: { ...created, command: 'network rm ingress' }, after: [] })
    expect(judge(oneIngress, gone).problems.slice(1)).to.deep.equal([
      {
        ...{ code: 'ingress-list-changed', kind: 'seen', node: 'manager' },
        ...{ expected: 'ingress (ikn3)', observed: 'none' },
      },
    ])
    expect(codes(judge(oneIngress, networksSeen({ before: ['a', 'b'], after: ['a', 'b'] })))).to.deep.equal([
      'ingress-not-single',
    ])
  })
})
