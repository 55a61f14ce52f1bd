import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Raised, raise } from '../lib/conformance/raise.ts'
import { VmProvider } from '../lib/host/vm/vm-provider.ts'
import { findTopology } from '../lib/topology/find-topology.ts'
import { startCustomers } from './customer.fake.ts'
import { filesWith } from './holds-secret.fake.ts'
import { plainProgress } from './lab-test.ts'
import { validateLab } from './validate-lab.fake.ts'

/** One requirement at least of every scene that records something on existing hosts, and all that judge what is masked. */
const everyCapture = [
  ...['CTL-03', 'CTL-05', 'CTL-06', 'DSC-06', 'ENC-01', 'ENC-04', 'GWB-02', 'MTU-02', 'MTU-04', 'VXL-02'],
  ...['VXL-03', 'VXL-07'],
]
/** `CUSTOMER_COOKIE=standard` verifies the whole profile, on a lab with an encrypted ingress, too, which takes long. */
const isWhole = process.env['CUSTOMER_COOKIE'] === 'standard'

/** The lab's hosts as existing ones, over SSH, with customers at work meanwhile: nothing of theirs is stored. */
for (const name of isWhole ? ['three-node', 'encrypted-ingress'] : ['three-node']) {
  describe(`customers of ${name}`, () => {
    let folder = ''
    let raised: Raised
    let failed = false

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'swarmproof-cookie-'))
      raised = await raise(findTopology(name), {
        provider: new VmProvider(),
        progress: plainProgress,
        signal: new AbortController().signal,
        fresh: false,
        runId: 'lab-test',
        onLab: (lab) => (raised = { lab } as Raised),
      })
    })

    afterEach(function () {
      failed ||= this.currentTest?.state === 'failed'
    })

    after(async () => {
      await raised?.lab[Symbol.asyncDispose]()
      if (failed) console.log(`      evidence is kept in ${folder}`)
      else rmSync(folder, { recursive: true, force: true })
    })

    it('are in no file of a report, whatever passes while it is made', async () => {
      await using customers = await startCustomers(raised.cluster, new AbortController().signal)
      const { exitCode, told } = await validateLab(
        raised.lab,
        folder,
        isWhole ? [] : ['--only', ...everyCapture],
      )
      const { mesh, overlays } = customers.counts()
      expect(existsSync(join(folder, 'reports', 'latest', 'run.json')), told).to.equal(true)
      console.log(
        `      mesh ${mesh.sent} sent, ${mesh.answered} answered; overlays ${overlays.sent}, ${overlays.answered}`,
      )
      expect(mesh.answered, 'requests answered through the mesh').to.be.above(50)
      expect(overlays.answered, 'requests answered between tasks').to.be.above(50)
      const files = filesWith(folder, customers.secrets)
      expect(files, 'files that hold a secret').to.deep.equal([])
      expect(
        customers.secrets.some((secret) => told.includes(secret)),
        'in the output',
      ).to.equal(false)
      expect(broken(folder), told).to.deep.equal([])
      expect(exitCode, told).to.equal(0)
    })
  })
}

function broken(folder: string): string[] {
  const record = JSON.parse(readFileSync(join(folder, 'reports', 'latest', 'run.json'), 'utf8')) as {
    requirements: { id: string; verdict?: { outcome: string; reason: string } }[]
  }
  return record.requirements
    .filter(({ verdict }) => verdict?.outcome !== 'pass' && verdict?.outcome !== 'skip')
    .map(({ id, verdict }) => `${id} ${verdict?.outcome}: ${verdict?.reason}`)
}
