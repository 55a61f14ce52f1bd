import type { Suite } from '../conformance/suite.ts'
import type { FoundLab } from '../discovery/find-lab.ts'
import type { ForetoldValidation } from './validate-forecast.ts'
import type { Footprint } from '../swarm/footprint.ts'

/** What is said before anything is created. */
export interface Announcement {
  readonly found: FoundLab
  readonly footprint: Footprint
  /** What will be created, used and sent, in lines; see `describeFootprint`. */
  readonly creates: readonly string[]
  readonly suites: readonly Suite[]
  readonly disruptive: readonly string[]
  readonly flags: { readonly init?: true; readonly leave?: true }
  /** What verifying would send and how long it may take. */
  readonly foretold?: ForetoldValidation
}

export function announcementLines(announcement: Announcement): string[] {
  const { found, creates, flags, foretold } = announcement
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
    'What is created, used and sent there:',
    ...creates.map((line) => `  ${line}`),
    `Verified: ${verified.length} requirements${refused.length === 0 ? '' : `; skipped as disruptive: ${refused.join(', ')}`}`,
    ...(foretold === undefined ? [] : [foretold.line]),
    named.length === 0
      ? 'None of them restarts, drains or re-creates anything, or touches a firewall.'
      : `MAY BREAK OR SHAPE THESE HOSTS, as you asked: ${named.join(', ')}`,
  ]
}

export function announcementJson(announcement: Announcement): object {
  const { found, footprint, creates, flags, foretold } = announcement
  const { topology } = found.lab
  return {
    dryRun: true,
    init: flags.init ?? false,
    leave: flags.leave ?? false,
    nodes: topology.nodes.map(({ name, role, addresses }) => ({ name, role, addresses })),
    dataPathPort: topology.swarm.dataPathPort,
    creates,
    footprint,
    requirements: choice(announcement).verified,
    disruptive: choice(announcement).named,
    ...(foretold === undefined ? {} : { expected: foretold.expected }),
    warnings: found.warnings,
  }
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
