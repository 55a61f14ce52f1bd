import type { Suite } from '../conformance/suite.ts'
import type { FoundLab } from '../host/ssh/find-lab.ts'
import type { Footprint } from '../swarm/footprint.ts'

/** What is said before anything is created. */
export interface Announcement {
  readonly found: FoundLab
  readonly footprint: Footprint
  readonly suites: readonly Suite[]
  readonly disruptive: readonly string[]
  readonly flags: { readonly init?: true; readonly leave?: true }
}

export function announcementLines(announcement: Announcement): string[] {
  const { found, footprint, flags } = announcement
  const { topology } = found.lab
  const { verified, refused, named } = choice(announcement)
  const width = Math.max(...topology.nodes.map(({ name }) => name.length))
  return [
    `${flags.init ? 'A swarm is to be built of' : 'The swarm of'} ${topology.nodes.length} ${topology.nodes.length === 1 ? 'host' : 'hosts'}, data path on UDP ${topology.swarm.dataPathPort}:`,
    ...topology.nodes.map(
      (node) =>
        `  ${node.name.padEnd(width)}  ${node.role.padEnd(7)}  ${Object.entries(node.addresses)
          .map(([on, address]) => `${on} ${address}`)
          .join(', ')}`,
    ),
    'Created, each with a label of its own, and removed at the end:',
    ...(flags.init ? [`  the swarm${flags.leave ? '' : ', which stays: --leave takes it down'}`] : []),
    ...created(footprint).map((line) => `  ${line}`),
    `Verified: ${verified.length} requirements${refused.length === 0 ? '' : `; skipped as disruptive: ${refused.join(', ')}`}`,
    named.length === 0
      ? 'Nothing is restarted, drained or re-created, and no firewall is touched.'
      : `MAY BREAK OR SHAPE THESE HOSTS, as you asked: ${named.join(', ')}`,
  ]
}

export function announcementJson(announcement: Announcement): object {
  const { found, footprint, flags } = announcement
  const { topology } = found.lab
  return {
    dryRun: true,
    init: flags.init ?? false,
    leave: flags.leave ?? false,
    nodes: topology.nodes.map(({ name, role, addresses }) => ({ name, role, addresses })),
    dataPathPort: topology.swarm.dataPathPort,
    creates: created(footprint),
    footprint,
    requirements: choice(announcement).verified,
    disruptive: choice(announcement).named,
    warnings: found.warnings,
  }
}

function created({ prefix, clear, secret, ports }: Footprint): string[] {
  return [
    `five overlay networks ${prefix}-…, two of them with subnets of their own: ${clear.subnet} and ${secret.subnet} (encrypted)`,
    `nine services ${prefix}-… of small tasks, at most one or two of each on a host`,
    `published ports: ${ports.join(', ')}`,
    'an image of about 1 MB on each host, and one small program that removes all this if this machine is cut off',
  ]
}

function choice({ suites, disruptive }: Announcement): {
  verified: string[]
  refused: string[]
  named: string[]
} {
  const tests = suites.flatMap((suite) => suite.tests)
  const safe = tests.filter(({ safety }) => safety === 'production')
  const named = tests.filter(({ safety, id }) => safety === 'lab' && disruptive.includes(id))
  const refused = tests.filter((test) => !safe.includes(test) && !named.includes(test))
  const ids = (list: typeof tests): string[] => list.map(({ id }) => id)
  return { verified: ids([...safe, ...named]), refused: ids(refused), named: ids(named) }
}
