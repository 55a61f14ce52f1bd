import { requirement } from '../../lib/conformance/test.ts'
import { type ClusterFacts, type NodeFacts, taskName } from '../../lib/observation/facts.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part, type Part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { ingressNamespace } from '../../lib/swarm/namespaces.ts'
import {
  gatewayBridgeSeen,
  gatewayInterfaceSeen,
  onGateway,
  subnetsOf,
} from '../scene/judging/gateway-interface.ts'
import { kernel, type KernelSeen, namespaceSeen, rootSeen } from '../scene/judging/kernel-seen.ts'
import { internals, moby } from '../source.ts'
import { gatewayBridgeName } from '../../lib/topology/swarm-defaults.ts'

export const gatewayBridgeMtu = requirement({
  id: 'MTU-05',
  requirement: '`docker_gwbridge` and its task interface do not exceed the uplink’s MTU.',
  source: [internals('Docker Swarm and Overlay Networks'), internals('ingress'), moby('issue 41406')],
  safety: 'production',
  needs: [],
  method:
    'On every node the MTU of docker_gwbridge, and of the interfaces of every task and of the ingress sandbox on it, is compared with the MTU of the interface the default route leaves by.',
  usualCauses: [
    'the uplink carries less than 1500; docker_gwbridge takes 1500 unless it is created by hand before the node joins',
  ],
  remedy: [
    'leave the swarm, remove docker_gwbridge, docker network create --opt com.docker.network.driver.mtu=UPLINK-MTU --subnet … docker_gwbridge, join again',
  ],
  codes: ['larger-than-uplink', 'interface-missing'],
  changes: [],
  quiet: [],
  reads: [kernel],
  observe: async (lab) => ({ kernel: await lab.scene(kernel) }),
  judge({ kernel: states }, facts) {
    const { got, missing, unseen } = part(
      Object.fromEntries(facts.nodes.map((node) => [node.name, lookAt(node, states, facts)])),
      'MTU of docker_gwbridge and its uplink',
    )
    const bridged = [...got].flatMap(([node, { bridge, ...look }]) =>
      bridge === undefined ? [] : [{ node, bridge, ...look }],
    )
    return judgement({
      problems: [
        ...[...got]
          .filter(([, { bridge }]) => bridge === undefined)
          .map(([node]): Problem => ({
            ...{ code: 'interface-missing', kind: 'missed', node, subject: gatewayBridgeName },
          })),
        ...bridged.flatMap(({ node, uplink, bridge, tasks, sandbox }) =>
          [bridge, ...tasks, ...sandbox]
            .filter(({ mtuBytes }) => mtuBytes > uplink.mtuBytes)
            .map(({ name, mtuBytes }): Problem => ({
              ...{ code: 'larger-than-uplink', kind: 'seen', node, subject: name },
              ...{ expected: uplink.mtuBytes, observed: mtuBytes },
            })),
        ),
      ],
      missing,
      unseen,
      tables: {
        'MTU in bytes by node': bridged.map(({ node, uplink, bridge, tasks, sandbox }) => ({
          ...{ node, uplink: `${uplink.name} ${uplink.mtuBytes}`, bridge: bridge.mtuBytes },
          tasks: tasks.map(({ mtuBytes }) => mtuBytes),
          ingressSandbox: sandbox.map(({ mtuBytes }) => mtuBytes),
        })),
      },
      conclusion:
        bridged.length === 0
          ? ''
          : `on ${bridged.length} nodes ${gatewayBridgeName} and its interfaces fit the uplink`,
    })
  },
})

interface NamedMtu {
  readonly name: string
  readonly mtuBytes: number
}

interface Look {
  readonly uplink: NamedMtu
  readonly bridge: NamedMtu | undefined
  readonly tasks: readonly NamedMtu[]
  readonly sandbox: readonly NamedMtu[]
}

function lookAt({ name, advertise }: NodeFacts, states: KernelSeen, facts: ClusterFacts): Part<Look> {
  const root = rootSeen(states, name, 'devices')
  if (!('got' in root)) return root
  const { links, routes } = root.got
  const device = routes.find(({ destination }) => destination === 'default')?.device ?? advertise.interface
  const uplink = links.find((link) => link.name === device)
  if (uplink === undefined) return { threw: `no interface ${device}, by which the default route leaves` }
  const found = gatewayBridgeSeen(states, name)
  if (!('got' in found)) return found
  const bridge = found.got
  if (bridge === undefined) return { got: { uplink, bridge, tasks: [], sandbox: [] } }
  const subnets = subnetsOf(bridge)
  const sandbox = namespaceSeen(states, name, ingressNamespace, 'devices')
  if (!('got' in sandbox)) return sandbox
  const inSandbox = (sandbox.got?.links ?? []).filter((link) => onGateway([link], subnets) !== undefined)
  const tasks = facts.tasks
    .filter(({ node }) => node === name)
    .map((task) => ({ task, at: gatewayInterfaceSeen(states, task, subnets) }))
  const unreadable = tasks.flatMap(({ at }) => ('got' in at ? [] : [at])).at(0)
  if (unreadable !== undefined) return unreadable
  return {
    got: {
      ...{ uplink, bridge },
      tasks: tasks.flatMap(({ task, at }) =>
        'got' in at && at.got !== undefined
          ? [{ name: `${at.got.link.name} of ${taskName(task)}`, mtuBytes: at.got.link.mtuBytes }]
          : [],
      ),
      sandbox: inSandbox.map((link) => ({
        name: `${link.name} of ${ingressNamespace}`,
        mtuBytes: link.mtuBytes,
      })),
    },
  }
}
