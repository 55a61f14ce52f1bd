import { expect } from 'chai'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Finding } from '../lib/observation/finding.ts'
import { busyHost } from './busy-host.fake.ts'
import { explainAltered, explainWithKernel } from './golden/altered-case.fake.ts'
import { findingsWhere } from './stored/findings-where.fake.ts'

const golden = join(dirname(fileURLToPath(import.meta.url)), 'golden')
const ending = '.json.br'
const faults = readdirSync(golden)
  .filter((name) => name.endsWith(ending))
  .map((name) => name.slice(0, -ending.length))

/** Where the rule that drops hairpins is behind others that nobody can read, it is named as any of FORWARD. */
const namedOtherwise: ReadonlySet<string> = new Set(['hairpin-dropped'])

type Told = Pick<Finding, 'code' | 'nodes' | 'explains' | 'severity'>

const causes = (found: readonly Told[]): unknown[] =>
  found
    .filter(({ severity }) => severity === 'cause')
    .map(({ code, nodes, explains }) => [code, nodes, explains])

describe('nodes on which much else runs', function () {
  this.timeout(120_000)

  for (const fault of faults)
    it(`have the same causes: ${fault}`, () => {
      const found = explainWithKernel(fault, busyHost).findings
      if (namedOtherwise.has(fault))
        expect(found.map(({ explains }) => explains)).to.deep.equal(
          explainAltered(fault).findings.map(({ explains }) => explains),
        )
      else expect(causes(found)).to.deep.equal(causes(explainAltered(fault).findings))
    })

  for (const run of [
    ...['gossip-blocked', 'gossip-udp-dropped', 'inner-checksums', 'ipsec-policy-blocks'],
    ...['quick-data-port-dropped', 'reverse-path-filter', 'standard-conformant'],
  ])
    it(`have the same causes in a run: ${run}`, async () => {
      const found = await findingsWhere(run, busyHost)
      expect(causes(found)).to.deep.equal(causes(await findingsWhere(run)))
    })
})
