import { requirement } from '../../lib/conformance/test.ts'
import { type TaskFacts, taskName } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part, type Part } from '../../lib/observation/part.ts'
import { gatewayBridgeSeen, gatewayInterfaceSeen, subnetsOf } from '../scene/judging/gateway-interface.ts'
import { kernel, type KernelSeen } from '../scene/judging/kernel-seen.ts'
import { networkViewsSeen, type ViewsSeen } from '../scene/recordings/views.ts'
import { docs } from '../source.ts'
import { bridgeProblems, type BridgeSeen, statedProblems, taskProblems } from './bridge-settings.ts'
import { gatewayBridgeName } from '../../lib/topology/swarm-defaults.ts'

export const customisedBridge = requirement({
  id: 'GWB-04',
  requirement: 'Customised before init/join (subnet, MTU), docker_gwbridge keeps its settings.',
  source: [docs('Customize the docker_gwbridge')],
  safety: 'lab',
  needs: ['custom-gateway-bridge'],
  method:
    'The bridge was made on every node before it joined, with a subnet and an MTU of the topology’s. On every node the engine’s own view of the network must still state both; the bridge’s address and every task’s address on it must lie in the subnet, and every task’s interface on it must have the MTU, as the kernel tells.',
  usualCauses: [
    'the node was in a swarm before: the engine had made the bridge already and kept it',
    'the bridge was removed while the node was in the swarm and the engine recreated it with its defaults',
    'the option was misspelt: it is com.docker.network.driver.mtu',
  ],
  remedy: [
    'docker network inspect docker_gwbridge on the node named',
    'let the node leave, stop what uses the bridge, docker network rm docker_gwbridge, create it again with --subnet and --opt, join',
  ],
  codes: [
    'interface-missing',
    'gateway-interface-missing',
    'engine-states-otherwise',
    'address-outside-subnet',
    'interface-mtu-wrong',
  ],
  changes: [],
  quiet: ['changes'],
  reads: [kernel, networkViewsSeen],
  observe: async (lab) => ({ kernel: await lab.scene(kernel), views: await lab.scene(networkViewsSeen) }),
  judge({ kernel: states, views }, facts) {
    const wanted = facts.topology.swarm.gatewayBridge
    if (wanted === undefined)
      return judgement({
        missing: [{ what: `settings of ${gatewayBridgeName}`, of: 'topology', nodes: [] }],
        conclusion: '',
      })
    const { got, missing, unseen } = part(
      Object.fromEntries(
        facts.nodes.map(({ name }) => [name, lookAt(name, { states, views, tasks: facts.tasks, wanted })]),
      ),
      gatewayBridgeName,
    )
    const looks = [...got]
    const interfaces = looks.flatMap(([, { tasks }]) => tasks.filter(({ address }) => address !== undefined))
    return judgement({
      problems: looks.flatMap(([node, { stated, bridge, tasks }]) => [
        ...statedProblems(node, stated, wanted),
        ...bridgeProblems(node, bridge, wanted, tasks.length > 0),
        ...tasks.flatMap((task) => taskProblems(node, task, wanted)),
      ]),
      missing,
      unseen: [
        ...unseen,
        ...(interfaces.length === 0
          ? [{ what: `interfaces of tasks on ${gatewayBridgeName}`, nodes: [...got.keys()] }]
          : []),
      ],
      tables: {
        [`${gatewayBridgeName} by node`]: looks.map(([node, { stated, bridge, tasks }]) => ({
          ...{ node, engine: stated, bridge },
          tasks: tasks.map(({ address, mtuBytes }) => `${address}, MTU ${mtuBytes}`),
        })),
      },
      conclusion: `on ${looks.length} nodes ${gatewayBridgeName} and the interfaces of ${interfaces.length} tasks on it keep subnet ${wanted.subnet} and MTU ${wanted.mtuBytes}`,
    })
  },
})

interface Read {
  readonly states: KernelSeen
  readonly views: ViewsSeen
  readonly tasks: readonly TaskFacts[]
  readonly wanted: { readonly subnet: string }
}

function lookAt(node: string, { states, views, tasks, wanted }: Read): Part<BridgeSeen> {
  const view = views[node]?.find(({ name }) => name === gatewayBridgeName)
  const found = gatewayBridgeSeen(states, node)
  if (!('got' in found)) return found
  const link = found.got
  const subnets = link === undefined ? [] : subnetsOf(link)
  const seen: BridgeSeen['tasks'][number][] = []
  for (const task of link === undefined ? [] : tasks.filter((one) => one.node === node)) {
    const at = gatewayInterfaceSeen(states, task, subnets.length === 0 ? [wanted.subnet] : subnets)
    if (!('got' in at)) return at
    const { link: own, address } = at.got ?? {}
    seen.push({ task: taskName(task), interface: own?.name, address, mtuBytes: own?.mtuBytes })
  }
  return {
    got: {
      stated:
        view === undefined
          ? undefined
          : { subnet: view.subnets.join(), mtu: view.options['com.docker.network.driver.mtu'] },
      bridge:
        link === undefined
          ? undefined
          : {
              address: link.addresses.find(({ family }) => family === 'inet')?.address,
              mtuBytes: link.mtuBytes,
            },
      tasks: seen,
    },
  }
}
