import { inWords } from '../in-words.ts'
import type { Part } from '../../observation/part.ts'
import type { LabView, Reported } from '../lab-view.ts'
import type { Draft, Rule } from '../rule.ts'

/** Somebody wrote the name of a service into the hosts file of a node. */
export const nameInHostsFile: Rule = {
  code: 'name-in-hosts-file',
  title: 'The file /etc/hosts of a node names a service of the swarm',
  severity: ['cause'],
  meaning:
    'Names of services are for tasks on the same network, and the engine alone hands them out. A line in the `/etc/hosts` of a node makes programs of the host believe that they know the service; the address is one of an overlay, which the host has no way to, and it stays when the service gets another. Configuration management, a script for a test, or a container that has the file mounted leaves such lines.',
  proof: [
    'The resolver of the node (getent) gave the name an address of the overlay',
    '`/etc/hosts` of that node gives the name the same address',
  ],
  silencedBy: ['The file does not name it, or could not be read: then a nameserver may hand the name out'],
  remedy: [
    'Delete the line: `grep -n NAME /etc/hosts` shows it',
    'Where programs of the host need the service, publish a port of it and ask that',
  ],
  reports: [],
  find(lab) {
    const known = lab.problems('name-known-on-host').filter((problem) => isInFile(problem, lab))
    const nodes = [...new Set(known.flatMap(({ node }) => node ?? []))]
    return nodes.map((node) =>
      draftOf(
        node,
        known.filter((problem) => problem.node === node),
      ),
    )
  },
  gravity: 149,
}

/** What a node was asked for; runs of before the file was read do not say what it holds. */
interface HostAsked {
  readonly name: string
  readonly inHostsFile?: readonly string[]
}

function isInFile({ node = '', subject, address = '' }: Reported, lab: LabView): boolean {
  const { hosts = {} } = (lab.scene('DSC-05') ?? {}) as {
    readonly hosts?: Readonly<Record<string, Part<readonly HostAsked[]>>>
  }
  const part = hosts[node]
  return (
    part !== undefined &&
    'got' in part &&
    part.got.some(({ name, inHostsFile = [] }) => name === subject && inHostsFile.includes(address))
  )
}

function draftOf(node: string, known: readonly Reported[]): Draft {
  const lines = [...new Set(known.map(({ address, subject }) => `${address ?? ''} ${subject ?? ''}`))]
  const names = [...new Set(known.flatMap(({ subject }) => subject ?? []))]
  return {
    title: `/etc/hosts of ${node} names ${inWords(names)}: ${lines.join('; ')}`,
    cause: `Programs of ${node} itself take ${inWords(names)} for known, by an address of an overlay that the host does not reach. No engine writes that file: somebody did.`,
    remedy: [
      `On ${node}: \`grep -nE '${names.join('|')}' /etc/hosts\`, and delete the lines; find what writes them (configuration management, a script), or they come back`,
      'Where programs of the host need the service: publish a port of it, and ask that',
    ],
    nodes: [node],
    networks: [...new Set(known.flatMap(({ network }) => network ?? []))],
    proof: lines.map((line) => `${node}: /etc/hosts: ${line}`),
    explains: (problem) => known.includes(problem),
  }
}
