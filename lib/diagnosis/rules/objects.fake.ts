import { readFileSync } from 'node:fs'
import type { RequirementRecord } from '../../conformance/run-record.ts'
import type { Finding } from '../../observation/finding.ts'
import type { Problem } from '../../observation/problem.ts'
import { exampleLab } from '../../report/fixtures/example-runs.fake.ts'
import { findingsOf } from '../diagnosis.ts'
import { LabView } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/**
 * What three nodes with engine 26.1.5 showed while an operator's network `zzapp` (VNI 4102) and services `zzapp` and
 * `zzweb` (8099) were there, and on worker2 a device `vx-00100a-app12` with that VNI, made with `ip link add`; cut to what
 * rules look at. `routesOfVpn` are those of worker2 with 0.0.0.0/1 and 128.0.0.0/1, both `dev eth0`.
 */
export const leftOverDevice: Seen = JSON.parse(
  readFileSync(new URL('../fixtures/left-over-device.json', import.meta.url), 'utf8'),
) as Seen

interface Seen {
  readonly facts: {
    nodes: { name: string; engineVersion: string }[]
    tasks: object[]
    refused: object[]
    owned: boolean
  }
  readonly objects: {
    readonly nodes: { node: string; address: string }[]
    readonly services: { name: string; published: { publishedPort: number; mode: string }[] }[]
    readonly networks: { name: string; vnis: number[] }[]
    refused: object[]
  }
  readonly kernel: Record<string, SeenHost>
  readonly routesOfVpn: { destination: string; device: string; gateway?: string }[]
}

interface SeenHost {
  root: {
    links: SeenLink[]
    routes: Seen['routesOfVpn']
    neighbours: object[]
    firewall: object[]
    policies?: object[]
  }
  namespaces: Record<string, { links: SeenLink[] }>
}

interface SeenLink {
  name: string
  up: boolean
  vxlan?: { vni: number; port: number; receives?: string[]; ipv6?: true }
  createdHere?: boolean
  addresses: { address: string; prefixLength: number; family: string }[]
}

/** Of hosts whose firewalls were left out. */
const unread = { firewallBackend: { backend: 'none', program: '', legacyTables: [] } }

/** A copy that may be changed. */
export function changed(change: (seen: Seen) => void): Seen {
  const copy = structuredClone(leftOverDevice)
  change(copy)
  return copy
}

/** What rules make of it, with problems that requirements reported. */
export function findingsFor(
  applied: readonly Rule[],
  { facts, objects, kernel }: Seen,
  problems: readonly (Problem & { readonly id: string })[] = [],
): Finding[] {
  const ids = [...new Set(problems.map(({ id }) => id))]
  const records = ids.map((id) => ({
    ...{ id, lab: 'three-node' },
    verdict: { outcome: 'fail', unseen: [], problems: problems.filter((one) => one.id === id) },
  })) as unknown as RequirementRecord[]
  const lab = {
    ...exampleLab('three-node', '26.1.5'),
    nodes: facts.nodes.map(({ name, engineVersion }) => ({ name, engineVersion })),
  } as unknown as ReturnType<typeof exampleLab>
  const files: Readonly<Record<string, unknown>> = {
    'facts#0': facts,
    'kernel#0': {
      seen: Object.fromEntries(
        Object.entries(kernel).map(([node, state]) => [node, { ...unread, ...state }]),
      ),
    },
    'swarm-objects#0': { seen: objects },
  }
  return findingsOf(new LabView(lab, 0, records, records, (_, name) => files[name]), applied, lab)
}
