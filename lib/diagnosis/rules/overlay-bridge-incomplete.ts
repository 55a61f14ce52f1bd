import { inWords } from '../in-words.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import { nameProblem } from '../../observation/describe-problem.ts'
import { placesOf } from '../lab-view.ts'
import type { Rule } from '../rule.ts'
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
  silencedBy: ['All devices are there, up and on the bridge', 'The namespace could not be read'],
  remedy: [
    'Have the task made again, with new devices: `docker service update --force SERVICE`',
    'Look at it: `nsenter --net=/run/docker/netns/1-NETWORK ip -d link`, and `ip addr show br0`',
    'If the bridge itself is not whole: drain the node until no task of the network is left there (the namespace goes with the last), then `docker node update --availability active NODE`',
  ],
  reports: [],
  find(lab) {
    const problems = lab.problems(...codes)
    const nodes = placesOf(problems)
    if (nodes.length === 0) return []
    const networks = [...new Set(problems.flatMap(({ network }) => network ?? []))]
    const [first] = problems
    return [
      {
        title: `The bridge of ${networks.join(', ') || 'an overlay'} on ${inWords(nodes)} is not whole: ${first === undefined ? '' : nameProblem(first)}`,
        cause:
          'The engine puts the VXLAN device and a veth for each endpoint on the bridge of the network once, when the task starts, and does not look again. Somebody or something took one off, set it down, or removed the gateway’s address.',
        remedy: [
          'Make the tasks of this network there again: `docker service update --force SERVICE`',
          'Look: `nsenter --net=/run/docker/netns/1-NETWORK ip -d link` (up, `master br0`), `ip addr show br0` (the gateway)',
        ],
        ...{ nodes, networks },
        proof: told(problems),
        explains: ({ code, kind, network, path, node }) =>
          codes.includes(code) ||
          (kind === 'missed' &&
            networks.includes(network ?? '') &&
            [node, path?.from, path?.to].some((name) => name !== undefined && nodes.includes(name))),
      },
    ]
  },
  gravity: 148,
}
