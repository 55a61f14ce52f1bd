import { inWords } from '../in-words.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import type { Link } from '../../observe/host-state.ts'
import { nameAmong } from '../../swarm/namespaces.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import type { Draft, Rule } from '../rule.ts'

/** By which requirements say that a node has a namespace of a network that it should not have. */
const reasons = {
  'namespace-without-task': 'on which it runs no task',
  'namespace-left': 'which was removed',
} as const satisfies Partial<Record<ProblemCode, string>>

type Reason = keyof typeof reasons

const plurals: Readonly<Record<Reason, string>> = {
  'namespace-without-task': 'on which it runs no task',
  'namespace-left': 'which were removed',
}

/** What is in a namespace that was left, or that nothing more is known of than that it was seen. */
type Content = 'empty' | 'devices' | 'endpoints' | 'not-read'

interface Left {
  readonly name: string
  readonly network: string
  readonly content: Content
  /** That engines make. */
  readonly devices: readonly string[]
}

/** A node has a namespace of an overlay that it runs no task on, or that is gone, and no engine needs it. */
export const overlayNamespaceLeft: Rule = {
  code: 'overlay-namespace-left',
  title: 'A node keeps the namespace of an overlay that it has no task on, or that was removed',
  severity: ['cause'],
  meaning:
    'With its last task on a node the engine takes the bridge and the VXLAN device of an overlay away and unmounts the file of its namespace below /run/docker/netns, once. A file that is mounted a second time, or that somebody else made, stays and keeps the namespace; one that still has its devices the engine never took down. Its VNI is given out again, and the device that kept it is in the way then.',
  proof: [
    'A namespace of the name of that overlay, which could be entered, on a node that runs no task on it (OVL-02), or 30 s after the overlay was removed (OVL-12, OVL-18), and still when kernels were read again at the end',
    'What is in it: nothing but `lo`, so that it was taken down or never set up, and the file alone is held; or still the bridge or the VXLAN device, so that the engine never came to it',
  ],
  silencedBy: [
    'It was gone when kernels were read again: the engine was late',
    'A task or a container is attached to it there: an interface is on its bridge',
    'The namespace could not be read',
  ],
  remedy: [
    'Who has it: `grep NAME /proc/*/mountinfo` (mounts, also those of containers) and `lsns -t net -o NS,PID,COMMAND` on the node',
    'Take it away: `umount /run/docker/netns/NAME` until it says “not mounted”, then `rm /run/docker/netns/NAME`',
    'Agents that mount or enter the namespaces of others (monitoring, CNI, a container with /run/docker/netns mounted) keep them: mount with `rslave`, or leave the folder alone',
    'One that still has its devices goes when its engine is restarted and runs a task on that network again',
  ],
  reports: [
    {
      url: 'https://github.com/moby/libnetwork/issues/1765',
      says: 'Users unmounted and removed the files below /run/docker/netns to get networks back, which did not always suffice: the VXLAN device was elsewhere.',
    },
  ],
  find: (lab) =>
    Object.keys(reasons).flatMap((reason) => {
      const problems = lab.problems(reason as Reason)
      const nodes = [...new Set(problems.flatMap(({ node }) => node ?? []))]
      return nodes.flatMap((node) => {
        const own = problems.filter((problem) => problem.node === node)
        const left = own.flatMap((problem) => leftOf(problem, node, lab))
        return left.length === 0 ? [] : [draftOf(node, reason as Reason, left)]
      })
    }),
  gravity: 151,
}

/** Nothing of what is gone by now, or is in use. */
function leftOf({ subject = '', network = '' }: Reported, node: string, lab: LabView): Left[] {
  const [state] = statesOf(lab, node)
  // A network that was made and removed meanwhile was not there before.
  const isRead = lab.kernelAfter?.[node] !== undefined
  const name = nameAmong(Object.keys(state?.namespaces ?? {}), subject)
  const found = name === undefined ? undefined : state?.namespaces[name]
  if (name === undefined || found === undefined)
    return isRead ? [] : [{ name: subject, network, content: 'not-read', devices: [] }]
  const devices = found.links.filter(({ kind }) => kinds.has(kind))
  const content = contentOf(devices)
  return content === 'endpoints' ? [] : [{ name, network, content, devices: devices.map((one) => one.name) }]
}

function contentOf(devices: readonly Link[]): Content {
  if (devices.some(({ kind, master }) => kind === 'veth' && master !== undefined)) return 'endpoints'
  return devices.length === 0 ? 'empty' : 'devices'
}

/** Of which engines make the namespace of an overlay; kernels put others in every new one, such as `tunl0`. */
const kinds: ReadonlySet<string> = new Set(['bridge', 'vxlan', 'veth'])

function draftOf(node: string, reason: Reason, left: readonly Left[]): Draft {
  const names = left.map(({ name }) => name)
  const networks = [...new Set(left.map(({ network }) => network))]
  const many = left.length > 1
  const isEmpty = left.every(({ content }) => content === 'empty')
  const path = `/run/docker/netns/${names[0] ?? ''}`
  return {
    title: `${node} keeps ${many ? 'the namespaces' : 'the namespace'} ${inWords(names)} of ${inWords(networks)}, ${networks.length > 1 ? plurals[reason] : reasons[reason]}${isEmpty ? `: nothing is in ${many ? 'them' : 'it'}, the ${many ? 'files are' : 'file is'} still mounted` : ''}`,
    cause: causeOf(reason, left),
    remedy: [
      `On ${node}: \`umount ${path}\` until it says “not mounted”, then \`rm ${path}\`${many ? ', and so for the others' : ''}`,
      `Who has it: \`grep ${names[0] ?? ''} /proc/*/mountinfo\` and \`lsns -t net -o NS,PID,COMMAND\` on ${node}; end what mounts or enters namespaces of the engine, or it comes back`,
      ...(left.some(({ content }) => content === 'devices')
        ? [
            `If its devices are still there: \`systemctl restart docker\` on ${node}; the engine takes them over or away with the next task on that network or VNI`,
          ]
        : []),
    ],
    nodes: [node],
    networks,
    proof: left.map(
      ({ name, network, content, devices }) =>
        `${node}: ${name} of ${network}, ${reasons[reason]}: ${texts[content]}${devices.length === 0 ? '' : ` (${devices.join(', ')})`}`,
    ),
    explains: (problem) =>
      problem.node === node &&
      networks.includes(problem.network ?? '') &&
      (problem.code === reason || (reason === 'namespace-left' && isPart(problem, names))),
  }
}

const texts: Readonly<Record<Content, string>> = {
  empty: 'no bridge and no VXLAN device is in it',
  devices: 'devices of an engine are still in it, and no endpoint is on its bridge',
  endpoints: 'endpoints are on its bridge',
  'not-read': 'what is in it was not read',
}

/** What was left because the namespace was. */
function isPart({ code, subject = '' }: Reported, names: readonly string[]): boolean {
  return (
    (code === 'vxlan-device-left' || code === 'address-left' || code === 'forwarding-entry-left') &&
    names.some((name) => subject === name || subject.endsWith(` in ${name}`))
  )
}

function causeOf(reason: Reason, left: readonly Left[]): string {
  if (left.every(({ content }) => content === 'empty'))
    return reason === 'namespace-left'
      ? 'The engine did its part: bridge and VXLAN device are gone. It unmounts the file once, and something is mounted there still, so it was mounted more than once: somebody, or an agent that keeps or copies mounts of namespaces, put a second one over the first. As long as it is, the namespace lives.'
      : 'An engine sets up bridge and VXLAN device with the first task of a network on its node, and takes them away with the last. Neither is here: either they were taken away and something mounted the file a second time, so that the engine’s unmounting left it, or no engine made this namespace.'
  if (left.some(({ content }) => content === 'devices'))
    return 'The engine of the node did not take the namespace down: it was killed, restarted or cut off from the others as the last task went. The VXLAN device in it still has its VNI, which a later network may be given.'
  return 'The file of the namespace is mounted still, though no engine needs it: something mounted it a second time, or the engine was killed or cut off before it came to it.'
}
