import { gatewayBridgeName } from '../../topology/swarm-defaults.ts'
import { inWords } from '../in-words.ts'
import { placesOf, type Reported } from '../lab-view.ts'
import type { Rule } from '../rule.ts'
import { told } from '../told.ts'

/** docker_gwbridge of a node was made, or made again, without the settings it is to have. */
export const gatewayBridgeMadeOtherwise: Rule = {
  code: 'gateway-bridge-made-otherwise',
  title: 'docker_gwbridge of a node was made with other settings than it is to have',
  severity: ['cause'],
  meaning:
    'A node that joins keeps a docker_gwbridge that is there, and makes one with settings of its own where there is none. Settings are kept with the network, not with the swarm: after it was removed, after the state of an engine was wiped, or on a node that was added later, tasks leave by the usual subnet and MTU.',
  proof: [
    'What `docker network inspect docker_gwbridge` of the node states, beside what was asked for when it was made, or what the lab’s file says',
  ],
  silencedBy: [
    'The engine states the settings as they are to be: an interface that differs was set by somebody, see `interface-mtu-set`',
  ],
  remedy: [
    'Drain the node, `docker swarm leave`, `docker network rm docker_gwbridge`, create it with its settings, and join again',
    'Have it made before every join, by whatever sets up nodes: it is no setting of the swarm, and no other node tells it',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/27890',
      says: 'A user whose routes met the subnet of docker_gwbridge was told to leave the swarm, make it with his own, and join again.',
    },
  ],
  find(lab) {
    const stated = lab.problems('engine-states-otherwise').filter(isOfBridge)
    const nodes = placesOf(stated)
    const [first] = stated
    if (first === undefined) return []
    return [
      {
        title: `${gatewayBridgeName} on ${inWords(nodes)} was made with other settings: ${first.subject?.replace(ofBridge, '')} is ${first.observed}, expected ${first.expected}`,
        cause: `${gatewayBridgeName} was made, or made again, without the settings it is to have; the interfaces of tasks on it follow it. A node keeps the one that is there when it joins, and makes one of its own where there is none.`,
        remedy: [
          `On ${inWords(nodes)}: drain it, \`docker swarm leave\`, \`docker network rm ${gatewayBridgeName}\`, create it with its subnet and MTU (\`--opt com.docker.network.bridge.name=${gatewayBridgeName}\`), join again`,
          `Compare: \`docker network inspect ${gatewayBridgeName}\` on a node where it is right`,
        ],
        nodes,
        proof: told(stated),
        explains: (problem) =>
          problem.node !== undefined &&
          nodes.includes(problem.node) &&
          (isOfBridge(problem) || (problem.requirement.startsWith('GWB-') && follows.has(problem.code))),
      },
    ]
  },
  gravity: 173,
}

const ofBridge = ` of ${gatewayBridgeName}`

const isOfBridge = ({ code, subject }: Reported): boolean =>
  code === 'engine-states-otherwise' && subject?.endsWith(ofBridge) === true

/** Of interfaces on the bridge. */
const follows: ReadonlySet<string> = new Set(['interface-mtu-wrong', 'address-outside-subnet'])
