import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { startCustomers } from './customer.fake.ts'
import { filesWith } from './holds-secret.fake.ts'
import { raisedLab } from './raised-lab.fake.ts'
import { validateLab } from './validate-lab.fake.ts'

/** One requirement at least of every scene that records something on existing hosts, and all that judge what is masked. */
const everyCapture = [
  ...['CTL-03', 'CTL-05', 'CTL-06', 'DSC-06', 'ENC-01', 'ENC-04', 'GWB-02', 'MTU-02', 'MTU-04', 'VXL-02'],
  ...['VXL-03', 'VXL-07'],
]
/**
 * `CUSTOMER_COOKIE=standard` verifies the whole profile, which takes long; `CUSTOMER_COOKIE_LABS=encrypted-ingress` does it
 * on that lab, or on several with commas between them.
 */
const isWhole = process.env['CUSTOMER_COOKIE'] === 'standard'
const labs = (process.env['CUSTOMER_COOKIE_LABS'] ?? 'three-node').split(',')

/** The lab's hosts as existing ones, over SSH, with customers at work meanwhile: nothing of theirs is stored. */
for (const name of labs) {
  describe(`customers of ${name}`, () => {
    const lab = raisedLab(name, 'cookie')

    it('are in no file of a report, whatever passes while it is made', async () => {
      const { folder, raised } = lab
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
