import { inWords } from '../in-words.ts'
import { contains } from '../../topology/cidr.ts'
import {
  areEndsOfOneLink,
  type ForeignInterface,
  foreignInterfaces,
  joinedInterfaces,
} from '../foreign-interfaces.ts'
import type { Reported } from '../lab-view.ts'
import type { Draft, Rule } from '../rule.ts'

/** Tasks have interfaces that no network gave them, by which they reach others that they share no network with. */
export const tasksJoined: Rule = {
  code: 'tasks-joined',
  title: 'Tasks have interfaces that no network of theirs gave them, or are joined by them',
  severity: ['cause'],
  meaning:
    'Tasks of different overlays are kept apart by having no interface on each other’s network. Somebody, or a program that may enter namespaces, put one into a task beside those of the engine: a veth pair from one task to another, or to a bridge of the host. What passes there passes no overlay, no balancer, no encryption and no rule of the engine.',
  proof: [
    'An interface in the namespace of a task that is up and is none of the engine’s endpoints: it has neither the MAC of one, nor an address of the task’s overlays, of ingress or of docker_gwbridge',
    'Which tasks it joins: its other end, as the kernel names it, is in another task; both other ends are on one bridge of the host; or each task has a route to the other by it',
    'OVL-07 reports it, or OVL-09 that one of these tasks reached another',
  ],
  silencedBy: [
    'Every interface of the tasks is that of an endpoint, or on docker_gwbridge',
    'It is down, as tunnels are that kernels put into every namespace',
    'The node has no docker_gwbridge: then it is not known which interface is on it',
  ],
  remedy: [
    '`docker service update --force SERVICE` makes the task again, without it',
    'Or take it away: `nsenter --net=/run/docker/netns/SANDBOX ip link del DEVICE`, which ends both ends of a veth pair',
    'Find who put it there, or it comes back: pipework, a CNI plugin, a container with `--privileged` or NET_ADMIN and the host’s processes',
    'Tasks that are to reach each other need an overlay in common: `docker service update --network-add NETWORK SERVICE`',
  ],
  reports: [],
  find: (lab) => joinedInterfaces(foreignInterfaces(lab)).map(draftOf),
  gravity: 138,
}

function draftOf(group: readonly ForeignInterface[]): Draft {
  const [first] = group
  const node = first?.node ?? ''
  const tasks = [...new Set(group.map(({ label }) => label))]
  const devices = group.map(({ label, link }) => `${link.name} of ${label}`)
  const isJoined = tasks.length > 1
  return {
    title: isJoined
      ? `${inWords(tasks)} are joined beside their networks: by ${inWords(devices)}`
      : `${tasks.join('')} has an interface that no network gave it: ${group.map(({ link }) => link.name).join(', ')}`,
    cause: `The engine makes one interface in a task for each of its networks and one on docker_gwbridge. ${isJoined ? 'These are none of them' : 'This is none of them'}: somebody, or a program on ${node} that enters namespaces, put ${group.length > 1 ? 'them' : 'it'} there.${isJoined ? ' What passes by them passes no overlay: these tasks reach each other whichever networks they are on.' : ''}`,
    remedy: [
      `On ${node}: \`nsenter --net=/run/docker/netns/${first?.namespace ?? ''} ip link del ${first?.link.name ?? ''}\`${group.some((one) => group.some((other) => areEndsOfOneLink(one, other))) ? ', which ends its other end, too' : ''}`,
      `Or have the tasks made again: ${[...new Set(group.map(({ task }) => task.service))].map((service) => `\`docker service update --force ${service}\``).join(', ')}`,
      `Find who put it there (pipework, a CNI plugin, a container with --privileged), or it comes back`,
    ],
    nodes: [node],
    networks: [...new Set(group.flatMap(({ task }) => Object.keys(task.endpoints)))],
    proof: group.map((one) => proofOf(one, group)),
    explains: (problem) => explains(problem, group),
  }
}

function proofOf(
  { node, label, namespace, link, routes, otherEnd }: ForeignInterface,
  group: readonly ForeignInterface[],
): string {
  const ipv4 = link.addresses.filter(({ family }) => family === 'inet').map(({ address }) => address)
  const end =
    otherEnd === undefined
      ? ''
      : `, its other end is ${otherEnd.device} ${placeOf(otherEnd, group)}${otherEnd.master === undefined ? '' : ` on ${otherEnd.master}`}`
  return `${node}: ${label} (${namespace}) has ${link.name}${link.kind === '' ? '' : `, ${link.kind}`}, ${ipv4.join(', ') || 'no address'}${routes.length === 0 ? '' : `, routes to ${routes.slice(0, 4).join(', ')}`}${end}`
}

function placeOf({ namespace }: { readonly namespace?: string }, group: readonly ForeignInterface[]): string {
  if (namespace === undefined) return 'in the host’s own namespace'
  const other = group.find((one) => one.namespace === namespace)
  return `in ${other === undefined ? namespace : other.label}`
}

/** Problems name the interface, with its addresses behind it. */
const isNamed = (observed: string, { link }: ForeignInterface): boolean =>
  observed === '' || observed.startsWith(`${link.name}:`)

function explains(problem: Reported, group: readonly ForeignInterface[]): boolean {
  const { code, node, subject, observed, ends, address } = problem
  const isTheirs = (label: string | undefined): boolean => group.some((one) => one.label === label)
  if (code === 'interface-unexpected')
    return group.some(
      (one) => one.node === node && one.label === subject && isNamed(String(observed ?? ''), one),
    )
  if (code === 'address-without-attachment')
    return group.some((one) => one.node === node && one.label === subject && one.link.name === observed)
  if (code !== 'reached-without-network') return false
  const leads = group.some(
    ({ label, routes }) =>
      label === ends?.from &&
      address !== undefined &&
      routes.some((block) => block !== 'default' && contains(block, address)),
  )
  return leads || (isTheirs(ends?.from) && isTheirs(ends?.to) && ends?.from !== ends?.to)
}
