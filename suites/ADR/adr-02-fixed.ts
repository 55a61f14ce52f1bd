import type { ObserveContext } from '../../lib/conformance/context.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { readAddressPools } from '../../lib/swarm/address-pools.ts'
import { docs } from '../source.ts'

/** Of nobody: neither of the topology's pools nor of an underlay. */
const otherPool = '10.222.0.0/16'

export const fixed = requirement({
  id: 'ADR-02',
  requirement: 'Pools cannot be altered after init.',
  source: [docs('Using custom default address pools')],
  safety: 'lab',
  needs: ['address-pools'],
  method:
    'On a manager the pools are asked to change, by the two commands that could: `docker swarm update` and `docker swarm init`, each with another pool. Both must be refused with an error that says why, and the pools and the mask length the manager states must be those of the topology before and after.',
  usualCauses: [
    'the node had left its swarm, so that init made a new one',
    'a script forces a new cluster (--force-new-cluster) with other pools',
  ],
  remedy: [
    'docker info --format "{{.Swarm.Cluster.DefaultAddrPool}} {{.Swarm.Cluster.SubnetSize}}" on a manager',
    'other pools need another swarm: let all nodes leave, then docker swarm init --default-addr-pool …',
  ],
  codes: ['change-accepted', 'refused-without-reason', 'engine-states-otherwise'],
  changes: [],
  quiet: ['changes'],
  reads: [],
  observe: attempts,
  judge({ before, answers, after }, { manager: node, topology }) {
    const { addressPools } = topology.swarm
    if (addressPools === undefined)
      return judgement({ missing: [{ what: 'address pools', of: 'topology', nodes: [] }], conclusion: '' })
    const wanted = `${addressPools.pools.join(' ')} /${addressPools.maskLength}`
    const refusals = answers.filter(({ accepted }) => !accepted)
    return judgement({
      problems: [
        ...answers
          .filter(({ accepted }) => accepted)
          .map(({ command }): Problem => ({ code: 'change-accepted', kind: 'seen', node, subject: command })),
        ...refusals
          .filter(({ command, words }) => !saysWhy(command, words))
          .map(({ command, words }): Problem => ({
            ...{ code: 'refused-without-reason', kind: 'seen', node, subject: command },
            observed: words === '' ? 'no words' : words.slice(0, 120),
          })),
        ...[...new Set([before, after])]
          .filter((stated) => stated !== wanted)
          .map((observed): Problem => ({
            ...{ code: 'engine-states-otherwise', kind: 'seen', node, subject: 'the address pools' },
            ...{ expected: wanted, observed },
          })),
      ],
      tables: { 'pools and mask length': { wanted, before, after }, answers },
      conclusion: `${node} refused ${refusals.length} attempts to change its pools ("${refusals.at(-1)?.words.split('\n')[0]?.slice(0, 90)}") and still states ${after}`,
    })
  },
})

/** The pools are asked to change by the two commands that could. */
async function attempts(lab: ObserveContext) {
  const { cluster } = lab
  await using trial = lab.trial('adr02')
  const before = await readAddressPools(cluster)
  const commands = [
    ['swarm', 'update', '--default-addr-pool', otherPool],
    [
      ...['swarm', 'init', '--advertise-addr', cluster.manager.advertise.address],
      ...['--default-addr-pool', otherPool],
    ],
  ]
  const answers: { command: string; accepted: boolean; words: string }[] = []
  for (const words of commands) {
    const answer = await trial.ask(words)
    answers.push({
      ...{ command: ['docker', ...words].join(' '), accepted: answer.accepted },
      words: answer.words.slice(0, 300),
    })
  }
  return { before, answers, after: await readAddressPools(cluster) }
}

function saysWhy(command: string, words: string): boolean {
  return (command.includes(' init ') ? /already part of a swarm/i : /unknown flag|not|cannot/i).test(words)
}
