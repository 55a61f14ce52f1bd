import { inWords } from '../in-words.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import { nameProblem } from '../../observation/describe-problem.ts'
import { carriedBy } from '../bridge-parts.ts'
import { isToldByGossip } from '../gossip.ts'
import { type LabView, placesOf, type Reported } from '../lab-view.ts'
import type { Draft, Rule } from '../rule.ts'
import { told } from '../told.ts'

const codes: readonly ProblemCode[] = [
  'device-off-bridge',
  'device-down',
  'gateway-address-missing',
  'endpoint-devices-differ',
  'bridge-missing',
  'vxlan-device-missing',
]

/** The bridge of an overlay on a node lacks one of its parts. */
export const overlayBridgeIncomplete: Rule = {
  code: 'overlay-bridge-incomplete',
  title: 'The bridge of an overlay on a node lacks a port, its gateway’s address, or is down',
  severity: ['cause'],
  meaning:
    'On every node with a task of it an overlay is a bridge in a namespace of its own, with the VXLAN device and one veth for each task and balancer. Where one of them is off the bridge or down, that task, or all of them there, are cut off, though it is Running and its other networks work.',
  proof: [
    'The devices in the network’s namespace on the node, as the kernel has them: which are up, which are on the bridge, which addresses it has',
    'The endpoints that the engine lists there: one veth for each',
  ],
  silencedBy: [
    'All devices are there, up and on the bridge',
    'The namespace could not be read',
    'What was missed would not have passed the device: another task than that of the veth, tasks of one node where the VXLAN device is off',
  ],
  remedy: [
    'Have the task made again, with new devices: `docker service update --force SERVICE`',
    'Look at it: `nsenter --net=/run/docker/netns/1-NETWORK ip -d link`, and `ip addr show br0`',
    'If the bridge itself is not whole: drain the node until no task of the network is left there (the namespace goes with the last), then `docker node update --availability active NODE`',
  ],
  reports: [],
  find(lab) {
    const groups = new Map<string, Reported[]>()
    for (const problem of lab.problems(...codes)) {
      const { network = '' } = problem
      groups.set(network, [...(groups.get(network) ?? []), problem])
    }
    return [...groups].flatMap(([network, problems]) => draftOf(network, problems, lab))
  },
  gravity: 148,
}

/**
 * One for each network: what one lacks on a node is no matter of another there. Frames need no gateway’s address, and what
 * nodes are told by gossip comes by no bridge.
 */
function draftOf(network: string, problems: readonly Reported[], lab: LabView): Draft[] {
  const [first] = problems
  const nodes = placesOf(problems)
  if (first === undefined || nodes.length === 0) return []
  const where = nodes.length > 1 && first.node !== undefined ? `on ${first.node} ` : ''
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : ''
  const carried = problems
    .filter(({ code }) => code !== 'gateway-address-missing')
    .map((problem) => carriedBy(problem, lab))
  return [
    {
      title: `The bridge of ${network || 'an overlay'} on ${inWords(nodes)} is not whole: ${where}${nameProblem(first)}${more}`,
      cause:
        'The engine puts the VXLAN device and a veth for each endpoint on the bridge of the network once, when the task starts, and does not look again. Somebody or something took one off, set it down, or removed the gateway’s address.',
      remedy: [
        problems.every(isOfEndpoint)
          ? 'Make the tasks of this network there again: `docker service update --force SERVICE`'
          : `The namespace goes with the last task of the network on ${inWords(nodes)}: \`docker node update --availability drain NODE\`, then \`docker node update --availability active NODE\`, and tasks that come back make it again`,
        'Look: `nsenter --net=/run/docker/netns/1-NETWORK ip -d link` (up, `master br0`), `ip addr show br0` (the gateway)',
      ],
      ...{ nodes, networks: network === '' ? [] : [network] },
      proof: told(problems),
      explains: (problem) =>
        problems.includes(problem) ||
        (problem.kind === 'missed' &&
          !isToldByGossip(problem) &&
          !codes.includes(problem.code) &&
          carried.some((isCarried) => isCarried(problem))),
    },
  ]
}

/** A task that is made again brings its own veth; the bridge and the VXLAN device stay. */
const isOfEndpoint = ({ code, subject = '' }: Reported): boolean =>
  code === 'endpoint-devices-differ' || subject.startsWith('veth')
