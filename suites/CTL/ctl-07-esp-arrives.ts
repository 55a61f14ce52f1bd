import { requirement } from '../../lib/conformance/test.ts'
import { seenFrames } from '../../lib/observation/frame.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { encryptionForAdvertiseAddress } from '../known-issues.ts'
import { exchange } from '../scene/recordings/exchange.ts'
import { unseenFrom } from '../scene/judging/unseen-from.ts'
import { docs, internals } from '../source.ts'
import { arrivals, holders, lossProblems } from './arrival.ts'

export const espArrives = requirement({
  id: 'CTL-07',
  requirement: 'IP protocol 50 passes between every pair of nodes when an encrypted network spans them.',
  source: [docs('Configure encryption of application data'), internals('Encryption')],
  safety: 'production',
  quick: true,
  needs: ['two-nodes', 'encrypted-overlay'],
  knownIssues: [encryptionForAdvertiseAddress],
  method:
    'Tasks of the encrypted network exchange data while the data-path interface of every node is recorded. For every ordered pair of nodes an ESP packet must be seen leaving the first and the same one, told by SPI and sequence number, arriving at the second.',
  usualCauses: [
    'a firewall or security group lets UDP through but not IP protocol 50 (ESP)',
    'NAT between the nodes: ESP without UDP encapsulation does not pass it',
    'no security association on the sender, so nothing leaves as ESP',
  ],
  remedy: [
    'leaves but does not arrive: allow IP protocol 50 between all nodes',
    'never leaves: ip xfrm policy and ip -s xfrm state count on the sender (never paste the keys)',
    'on both nodes: tcpdump -ni INTERFACE esp',
  ],
  codes: ['data-never-left', 'data-lost-on-the-way'],
  changes: [],
  quiet: [],
  reads: [exchange],
  observe: async (lab) => ({ exchange: await lab.scene(exchange) }),
  judge({ exchange: { wires } }, facts) {
    const { secret } = facts.networks
    const { got, missing, unseen } = part(wires, 'capture')
    const nodes = holders(facts, 'secret').filter(({ name }) => got.has(name))
    const found = arrivals(
      facts,
      nodes,
      seenFrames(got.values()).filter(({ esp }) => esp !== undefined),
    )
    const arrived = found.reduce((sum, pair) => sum + pair.arrived, 0)
    return judgement({
      problems: lossProblems(found, 'ESP', secret.name),
      missing,
      unseen: [...unseen, ...unseenFrom(facts, 'secret')],
      tables: { 'ESP packets by ordered pair': found.map(({ example: _, ...pair }) => pair) },
      packets: { 'one packet of each pair, leaving and arriving': found.flatMap(({ example }) => example) },
      conclusion: `${arrived} ESP packets of ${found.length} ordered pairs of nodes were seen leaving one and arriving at the other`,
    })
  },
})
