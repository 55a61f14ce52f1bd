import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { kernel } from '../scene/judging/kernel-seen.ts'
import { moby } from '../source.ts'
import { encryptionForAdvertiseAddress, otherSpis } from '../known-issues.ts'
import { engineStates, ledgerProblems } from './ledger.ts'
import { ledgerNodes } from './ledger-nodes.ts'

export const ledger = requirement({
  id: 'ENC-03',
  requirement:
    'SA ledger: every node holds the expected states (4(N−1)), transport mode, rfc4106(gcm(aes)); A’s outbound SPI is among B’s inbound SPIs.',
  source: [moby('libnetwork/drivers/overlay/encryption.go')],
  safety: 'production',
  needs: ['two-nodes', 'encrypted-overlay'],
  knownIssues: [encryptionForAdvertiseAddress, otherSpis],
  method:
    'The security associations and policies of every node of the encrypted network are read, without keys. For each peer there must be three inbound states (an engine keeps three keys), one outbound state and one outbound policy for the data-path port with the engine’s mark, all in transport mode with AES-GCM and a 64-bit check value, between data-path addresses; and the SPI a node sends with must be one its peer can receive. That no key rotation is under way is assumed: one takes milliseconds every twelve hours.',
  usualCauses: [
    'the kernel refused the states (no esp4, no rfc4106); the engine only logs "Failed Adding"',
    'another program flushed or replaced the states: strongSwan, libreswan, a firewall script',
    'the node’s key set differs: it was paused or partitioned while keys were rotated',
    'engines 28 and 29 in one swarm derive different SPIs',
    'states were made for the advertised address while the data path uses another',
  ],
  remedy: [
    'ip xfrm state | grep -A1 ^src on both nodes: compare SPIs (never paste whole states: they hold keys)',
    'modprobe esp4; modprobe gcm; then restart the engine',
    'journalctl -u docker | grep -iE "failed adding|xfrm"',
    'docker info --format "{{.ServerVersion}}" on each node: run one version',
  ],
  codes: [
    'inbound-states-differ',
    'outbound-states-differ',
    'spi-unknown-to-peer',
    'policies-differ',
    'policy-source-differs',
    'policy-port-differs',
    'policy-without-state',
    'state-form-differs',
    'state-for-stranger',
  ],
  changes: [],
  quiet: [],
  reads: [kernel],
  observe: async (lab) => ({ kernel: await lab.scene(kernel) }),
  judge({ kernel: states }, facts) {
    const { got, missing, unseen } = ledgerNodes(facts, states)
    const nodes = [...got.values()]
    const addresses = facts.nodes.map(({ dataPath }) => dataPath.address)
    const counts = nodes.map((node) => engineStates(node).length)
    return judgement({
      problems: ledgerProblems(nodes, addresses, facts.dataPathPort),
      missing,
      unseen,
      tables: {
        'states and outbound policies by node': nodes.map((node) => ({
          node: node.name,
          expectedStates: 4 * (nodes.length - 1),
          states: engineStates(node).map(
            ({ source, destination, spi }) =>
              `${source === node.address ? 'out' : 'in'} ${source} → ${destination} ${spi}`,
          ),
          policies: node.state.securityPolicies.filter(({ direction }) => direction === 'out').length,
        })),
      },
      conclusion:
        nodes.length < 2
          ? ''
          : `${nodes.length} nodes hold ${[...new Set(counts)].join(', ')} states each and an outbound policy per peer; every SPI a node sends with is known to its peer`,
    })
  },
})
