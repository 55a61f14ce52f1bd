import { inWords } from '../in-words.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import { concerns } from '../concerns.ts'
import { cutOffFromGossip } from '../gossip.ts'
import { placesOf } from '../lab-view.ts'
import type { Rule } from '../rule.ts'
import { told } from '../told.ts'

const codes: readonly ProblemCode[] = [
  'outbound-states-differ',
  'inbound-states-differ',
  'policy-without-state',
]

/** A node lacks IPsec states towards a peer that the peer has towards it. */
export const securityAssociationMissing: Rule = {
  code: 'security-association-missing',
  title: 'A node has lost IPsec states towards a peer, which still has its own',
  severity: ['cause'],
  meaning:
    'Engines write security associations for each pair of nodes of an encrypted overlay and count on the kernel to keep them. When another program flushes or deletes some (strongSwan, libreswan, a firewall script), the policy remains and nothing is sent: encrypted networks are dead between two nodes, clear ones work.',
  proof: [
    'States of the kernel on the node, without keys, by pair of addresses: fewer than the engine makes',
    'States of the peer for the same pair, which are whole: the keys are known, and one end lost them',
  ],
  silencedBy: [
    'The node or its peer is cut off from gossip, so that its engine was never told of the other, or gave it up',
    'States are missing at both ends, or on every node: the engines never made them',
    'An engine that derives SPIs otherwise: `engines-with-other-spis`',
  ],
  remedy: [
    'Have the engine write them again: `systemctl restart docker` on the node',
    'See them, without keys: `ip xfrm state list nokeys` on both nodes, and `ip xfrm policy`',
    'Keep other IPsec programs from flushing what is not theirs: no `ip xfrm state flush` in scripts, `install_routes = no` and no `flush` at the start of charon',
  ],
  reports: [],
  find(lab) {
    const untold = cutOffFromGossip(lab)
    const problems = lab
      .problems(...codes)
      .filter((problem) => !untold.some((node) => concerns(problem, node)))
    const nodes = placesOf(problems)
    if (nodes.length === 0 || nodes.length === lab.nodeNames.length) return []
    const peers = [
      ...new Set(
        problems.flatMap(({ subject, code }) => (code === 'policy-without-state' ? [] : (subject ?? []))),
      ),
    ]
    const pairs = nodes.flatMap((from) => peers.map((to) => ({ from, to })))
    const encrypted = Object.values(lab.facts?.networks ?? {})
      .filter((network) => network.encrypted)
      .map(({ name }) => name)
    return [
      {
        title: `${inWords(nodes)} ${nodes.length === 1 ? 'has' : 'have'} lost IPsec states towards ${inWords(peers) || 'a peer'}, which still ${peers.length > 1 ? 'have their' : 'has its'} own`,
        cause:
          'The engine wrote them when the peers met and does not look again. Another program flushed or deleted them in the kernel; the policy is still there, so that packets of encrypted networks to that peer are held back instead of leaving in clear.',
        remedy: [
          `\`systemctl restart docker\` on ${inWords(nodes)} writes them again`,
          'Find who deletes them: `ip xfrm monitor` while strongSwan, libreswan or a firewall script runs',
        ],
        ...{ nodes, pairs, networks: encrypted },
        proof: told(problems),
        explains: ({ code, kind, path, network, protocol }) =>
          codes.includes(code) ||
          (kind === 'missed' &&
            (encrypted.includes(network ?? '') || protocol === 'ESP' || code === 'no-esp-left') &&
            pairs.some(
              ({ from, to }) =>
                (path?.from === from && path.to === to) || (path?.from === to && path.to === from),
            )),
      },
    ]
  },
  gravity: 115,
}
