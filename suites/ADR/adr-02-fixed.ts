import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { readAddressPools } from '../../lib/swarm/address-pools.ts'
import { docs } from '../source.ts'

/** Of nobody: neither of the topology's pools nor of an underlay. */
const otherPool = '10.222.0.0/16'

export const fixed = conformanceTest({
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
  async run(context) {
    const { cluster, topology, evidence } = context
    const { addressPools } = topology.swarm
    if (addressPools === undefined) throw new Error(`topology ${topology.name} has no address pools`)
    const { host, advertise } = cluster.manager
    const wanted = `${addressPools.pools.join(' ')} /${addressPools.maskLength}`
    await using trial = context.trial('adr02')
    const before = await readAddressPools(cluster)
    const attempts = [
      { words: ['swarm', 'update', '--default-addr-pool', otherPool], says: /unknown flag|not|cannot/i },
      {
        words: ['swarm', 'init', '--advertise-addr', advertise.address, '--default-addr-pool', otherPool],
        says: /already part of a swarm/i,
      },
    ]
    const answers = []
    for (const { words, says } of attempts) {
      const command = ['docker', ...words].join(' ')
      answers.push({ command, says, ...(await trial.ask(words)) })
    }
    const after = await readAddressPools(cluster)
    evidence.observe('pools and mask length', { wanted, before, after })
    evidence.observe(
      'answers',
      answers.map(({ command, accepted, words }) => ({ command, accepted, words: words.slice(0, 300) })),
    )
    requireNone('the pools stay as they were at init', [
      ...answers
        .filter(({ accepted }) => accepted)
        .map(({ command }) => `${host.name} accepted "${command}"`),
      ...answers
        .filter(({ accepted, says, words }) => !accepted && !says.test(words))
        .map(
          ({ command, words }) =>
            `${host.name} refused "${command}" without saying why: ${words.slice(0, 120) || 'nothing'}`,
        ),
      ...[before, after]
        .filter((stated) => stated !== wanted)
        .map((stated) => `${host.name} states the pools ${stated}, expected ${wanted}`),
    ])
    evidence.conclude(
      `${host.name} refused ${answers.length} attempts to change its pools ("${answers.at(-1)?.words.split('\n')[0]?.slice(0, 90)}") and still states ${after}`,
    )
  },
})
