import { inWords } from '../in-words.ts'
import { nodesOf } from '../../observation/problem.ts'
import { doubleDevices, type ForeignDevice, foreignDevices, isOfNoNetwork } from '../foreign-devices.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { refusalsAt, unseenAt } from '../refusals.ts'
import type { Draft, Rule } from '../rule.ts'

/** A VXLAN device that no network of the swarm owns has the VNI of one of them, or the UDP port that it needs, on a node. */
export const foreignVxlanDevice: Rule = {
  code: 'foreign-vxlan-device',
  title:
    'A VXLAN device that is not the swarm’s has the VNI of a network, or holds the UDP port that it needs',
  severity: ['cause', 'advice'],
  meaning:
    'A kernel has one VXLAN device for a VNI and UDP port. Where Calico, Open vSwitch or an engine that was killed left one, the engine cannot make its own: each task of that network is refused on this node and runs elsewhere, or nowhere. With the VNI of ingress the node has no routing mesh and takes no task that publishes. Other nodes work. On another UDP port, or made in another namespace, it keeps no engine from anything: then whoever sends to it speaks under the number of that network without being on it.',
  proof: [
    'A VXLAN device in the host’s namespace, or in one that is not the network’s, with the network’s VNI and the data-path port; or one that is up on that port and receives in a way that others cannot share (`external`, `gbp`)',
    'The network has no device of its own on that node; or it has one, and the other was seen beside it: in the host’s namespace (VXL-05), or in a namespace that is not the network’s (VXL-04)',
    'Tasks that the engine refused there with “error creating vxlan interface”, where there are any',
  ],
  silencedBy: [
    'The network’s own device stands in its own namespace on the node, and no requirement reports the other',
    'The device has another VNI, or another UDP port and no requirement reports it, and receives as engines’ devices do',
    'The device is one of IPv6 (`local6`, `remote6`, `group6`) and the node’s data path is one of IPv4, or it was created in the namespace of a container: the kernel keeps these apart',
  ],
  remedy: [
    '`ip -d link show type vxlan` on the node names it; `ip link del DEVICE` removes it, unless something still needs it',
    'Calico: another `vxlanVNI` or `vxlanPort` in its FelixConfiguration; it makes the device again by itself',
    'Or give the swarm another port when it is made: `docker swarm init --data-path-port 7789`',
    'Refused tasks start by themselves; a node without ingress needs `systemctl restart docker`',
    'A namespace that is no network’s: `umount /run/docker/netns/NAME`, then `rm` the file; what is in it goes with it',
  ],
  reports: [
    {
      url: 'https://github.com/Dokploy/dokploy/issues/1994',
      says: 'Services that published a port did not launch; the device vxlan.calico was found beside the engine’s.',
    },
    {
      url: 'https://github.com/tigera/operator/pull/3435',
      says: 'Calico takes another VNI on engines of Docker Enterprise, for 4096 on port 4789 is that of their swarm.',
    },
    {
      url: 'https://github.com/moby/libnetwork/issues/1765',
      says: 'Interfaces of overlays stayed in the host’s namespace, and their networks could not be had there again.',
    },
    {
      url: 'https://github.com/moby/moby/issues/22424',
      says: 'The device of a network could not be set up, for its address was already in use.',
    },
  ],
  find: (lab) => [
    ...foreignDevices(lab).map((device) => draftOf(device, lab)),
    ...doubleDevices(lab).map((device) => besideOwn(device, lab)),
  ],
  gravity: 25,
}

function draftOf(found: ForeignDevice, lab: LabView): Draft {
  const { node, device, vni, port, networks, namespace, collision } = found
  const refused = refusalsAt(lab, node, 'vxlan-in-the-way')
  const isIngress = networks.some((name) => name === lab.facts?.networks.ingress?.name)
  const holds =
    collision === 'vni' ? `holds VNI ${vni} on UDP ${port}` : `receives VXLAN on UDP ${port} for itself alone`
  const left = device.startsWith('vx-') ? 'the left-over device ' : ''
  const enter = namespace === undefined ? '' : `nsenter --net=/run/docker/netns/${namespace} `
  const explains = (problem: Reported): boolean =>
    isSeen(problem, found) ||
    ((problem.kind === 'missed' || halfMade.has(problem.code)) &&
      nodesOf(problem).includes(node) &&
      (problem.network === undefined ? isIngress && ofMesh(problem) : networks.includes(problem.network)))
  const accountsFor = (id: string): boolean => refused.length > 0 && unseenAt(lab, id, node)
  const isCause =
    lab.problems().some(explains) || (refused.length > 0 && lab.notPassed.some(({ id }) => accountsFor(id)))
  return {
    title: `${node}: ${left}${device} ${holds}, which ${nameNetworks(networks)} ${networks.length === 1 ? 'needs' : 'need'}: tasks of ${networks.length === 1 ? 'it' : 'them'} are refused there`,
    cause: `The kernel of ${node} refuses the engine a device of its own (${collision === 'vni' ? '“file exists”' : '“address already in use”'}). ${device} is ${namespace === undefined ? 'in the host’s own namespace, where engines keep none' : `in the namespace ${namespace}, which is not that network’s`}. Other nodes are not concerned.`,
    remedy: [
      `On ${node}, unless something still needs it: \`${enter}ip link del ${device}\`; refused tasks start by themselves${isIngress ? ', and `systemctl restart docker` gives the node its ingress' : ''}`,
      `If something does (Calico, Cilium, flannel, Open vSwitch), give it another VNI and UDP port, for it makes the device again`,
      `See them all: \`ip -d link show type vxlan\` on ${node}`,
    ],
    nodes: [node],
    networks,
    proof: [
      describe(found),
      ...networks.slice(0, 6).map((name) => `${node}: ${name} has no VXLAN device of its own`),
      ...refused
        .slice(0, 6)
        .map((service) => `${node}: a task of ${service} is refused: its VXLAN device cannot be made`),
    ],
    severity: isCause ? 'cause' : 'advice',
    explains,
    accountsFor,
  }
}

/** One that keeps no engine from anything: a cause of nothing but that it was seen. */
function besideOwn(found: ForeignDevice, lab: LabView): Draft {
  const { node, device, vni, port, networks, standing, namespace } = found
  const ofNone = namespace !== undefined && isOfNoNetwork(lab, namespace) === true
  const where =
    namespace === undefined
      ? 'in the host’s own namespace'
      : ofNone
        ? `in ${namespace}, the namespace of no network of the swarm,`
        : `in the namespace ${namespace}`
  const enter = namespace === undefined ? '' : `nsenter --net=/run/docker/netns/${namespace} `
  const how =
    port === lab.facts?.dataPathPort
      ? `It was made in another namespace than engines make theirs in`
      : `It has UDP port ${port} and the swarm ${lab.facts?.dataPathPort}`
  return {
    title: `${node}: ${device} ${where} has VNI ${vni}, that of ${nameNetworks(networks)}, and is not its device`,
    cause: `Engines keep the device of a network in the network’s own namespace and nowhere else; ${device} was made by somebody else, or is left of a network that is gone and whose VNI was given out again. ${how}, so that it keeps the engine from nothing. Whoever sends VXLAN to it, or by it, speaks under the number of that network without being on it.`,
    remedy: [
      ...(ofNone
        ? [
            `On ${node}, unless something still needs it: \`umount /run/docker/netns/${namespace} && rm /run/docker/netns/${namespace}\`, which ends ${device} with it, or the device alone: \`${enter}ip link del ${device}\``,
          ]
        : [`On ${node}, unless something still needs it: \`${enter}ip link del ${device}\``]),
      `If something does (Calico, Cilium, flannel, Open vSwitch), give it another VNI, for it makes the device again`,
    ],
    nodes: [node],
    networks,
    proof: [
      describe(found),
      ...standing
        .slice(0, 6)
        .map((name) => `${node}: ${name} has a VXLAN device of its own in its namespace`),
    ],
    severity: 'cause',
    explains: (problem) => isSeen(problem, found),
  }
}

function describe({ node, device, vni, port, namespace, receives }: ForeignDevice): string {
  return `${node}: ${device}${namespace === undefined ? '' : ` in ${namespace}`}: VNI ${vni}, UDP ${port}${receives.length === 0 ? '' : `, ${receives.join(', ')}`}`
}

/** Whether it is this very device that was seen where it must not be. */
function isSeen(
  { code, node: at, subject, expected, observed }: Reported,
  { node, device, namespace, vni }: ForeignDevice,
): boolean {
  if (code === 'device-outside') return namespace === undefined && at === node && subject === device
  return (
    code === 'vni-of-two-namespaces' &&
    expected === vni &&
    namespace !== undefined &&
    ((at === node && subject === namespace) || observed === `${namespace}@${node}`)
  )
}

/** What shows of a network whose making was given up at its VXLAN device: a bridge with the kernel’s own MTU. */
const halfMade: ReadonlySet<ProblemCode> = new Set(['interface-mtu-wrong', 'larger-than-underlay'])

/** What a node without ingress cannot do. */
const ofMesh = ({ requirement }: Reported): boolean => /^(ING|LB|RES|MTU-05)/.test(requirement)

function nameNetworks(networks: readonly string[]): string {
  if (networks.length > 3) return `${networks.length} networks of the swarm`
  return `the ${networks.length === 1 ? 'network' : 'networks'} ${inWords(networks)}`
}
