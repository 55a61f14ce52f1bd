import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { collectHosts, engineLogTail } from '../lib/conformance/collect-hosts.ts'
import type { RunRecord } from '../lib/conformance/run-record.ts'
import { startCustomers } from './customer.fake.ts'
import { filesWith } from './holds-secret.fake.ts'
import { timeProfileOf } from '../lib/report/time-profile.ts'
import { unwanted, plainProgress } from './lab-test.ts'
import { plantOperatorObjects } from './operator-objects.fake.ts'
import { raisedLab } from './raised-lab.fake.ts'
import { validateLab } from './validate-lab.fake.ts'

/** One requirement at least of every scene that records something on existing hosts, and all that judge what is masked. */
const everyCapture = [
  ...['CTL-03', 'CTL-05', 'CTL-06', 'DSC-06', 'ENC-01', 'ENC-04', 'GWB-02', 'MTU-02', 'MTU-04', 'VXL-02'],
  ...['VXL-03', 'VXL-07'],
]
/** One of each that reads networks, services, tasks or nodes of the whole swarm. */
const everyReader = ['ADR-03', 'CTL-10', 'DSC-01', 'DSC-02', 'OVL-01', 'OVL-06', 'OVL-11', 'ING-01', 'LB-01']

/**
 * `EXISTING_SWARM=standard` verifies the whole profile, which takes long; `EXISTING_SWARM_LABS=encrypted-ingress` does it
 * on that lab, or on several with commas between them.
 */
const isWhole = process.env['EXISTING_SWARM'] === 'standard'
const labs = (process.env['EXISTING_SWARM_LABS'] ?? 'three-node').split(',')

function keep(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** The lab's hosts as existing ones, over SSH: what is its operator's and its customers' is in nothing that is stored. */
for (const name of labs) {
  describe(`a swarm somebody has, on ${name}`, () => {
    const lab = raisedLab(name, 'existing')

    it('is verified while customers use it; what they send, and what services and networks hold, is in no file and no output', async () => {
      const { folder, raised } = lab
      const { manager, nodes } = raised.cluster
      await using planted = await plantOperatorObjects(manager.host, raised.stack.probeTask.image)
      await using customers = await startCustomers(raised.cluster, new AbortController().signal)
      const selection = isWhole ? [] : ['--only', ...everyCapture, ...everyReader]
      const { exitCode, told } = await validateLab(raised.lab, folder, selection)
      const file = join(folder, 'reports', 'latest', 'run.json')
      expect(existsSync(file), told).to.equal(true)
      // As is done when a requirement fails.
      const write = (path: string, text: string): void => keep(join(folder, 'failed', path), text)
      const store = { write, writeJson: (path: string, value: unknown) => write(path, JSON.stringify(value)) }
      await collectHosts(raised.cluster, 'hosts', store, plainProgress)
      const collected = readdirSync(join(folder, 'failed'), { recursive: true, encoding: 'utf8' })
      expect(collected.filter((path) => path.endsWith('engine.log'))).to.have.lengthOf(3)

      const { mesh, overlays } = customers.counts()
      console.log(
        `      mesh ${mesh.sent} sent, ${mesh.answered} answered; overlays ${overlays.sent}, ${overlays.answered}`,
      )
      expect(mesh.answered, 'requests answered through the mesh').to.be.above(50)
      expect(overlays.answered, 'requests answered between tasks').to.be.above(50)

      const tails = await Promise.all(nodes.map(({ host }) => engineLogTail(host)))
      const said = [told, ...tails.flat()].join('\n')
      const secrets = [
        ...customers.secrets.map((secret) => ['customers', secret] as const),
        ...Object.entries(planted.canaries),
      ]
      const left = secrets.flatMap(([place, secret]) => [
        ...filesWith(folder, [secret]).map((path) => `${place}: ${path}`),
        ...(said.includes(secret) ? [`${place}: said`] : []),
      ])
      expect(left).to.deep.equal([])
      const record = JSON.parse(readFileSync(file, 'utf8')) as RunRecord
      expect(unwanted(record.requirements, ['pass', 'skip']), told).to.deep.equal([])
      expect(exitCode, told).to.equal(0)
      const steps = record.steps.map(({ what, outcome }) => `${what} ${outcome}`)
      expect(steps).to.include.members([
        'Connecting done',
        'Verifying done',
        'Removing what was created done',
      ])
      const { totalMs, betweenMs } = timeProfileOf(record)
      expect(betweenMs / totalMs, 'share of the time in no step and no requirement').to.be.below(0.1)
    })
  })
}
