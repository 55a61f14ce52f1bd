import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { VmProvider } from '../lib/host/vm/vm-provider.ts'
import { packageRoot } from '../lib/package-root.ts'
import { endLab } from './raised-lab.fake.ts'

const run = promisify(execFile)

describe('the command line on a lab', () => {
  const program = join(packageRoot(), 'bin', 'swarmproof.js')
  let folder = ''
  before(endLab)
  before(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-cli-'))))
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('verifies what was asked for, prints it as JSON, leaves the lab standing, enters it, and ends it', async () => {
    const before = await new VmProvider().list()
    const words = ['run', 'three-node', '--only', 'VXL-01', '--keep', '--json', '--report-dir', folder]
    const { stdout } = await run(process.execPath, [program, ...words])
    const { labId, conclusion, requirements } = JSON.parse(stdout) as {
      labId: string
      conclusion: string
      requirements: { id: string; outcome: string }[]
    }
    expect(conclusion).to.equal('conformant')
    expect(requirements.map(({ id, outcome }) => `${id} ${outcome}`)).to.deep.equal(['VXL-01 pass'])
    const entered = await run(process.execPath, [
      program,
      ...['exec', '--lab', labId, 'worker1', '--', 'hostname'],
    ])
    expect(entered.stdout).to.equal('worker1\n')
    await run(process.execPath, [program, 'down', '--lab', labId])
    expect(await new VmProvider().list()).to.deep.equal(before)
  })

  it('cleans up on Ctrl-C and keeps the report', async () => {
    const before = await new VmProvider().list()
    const child = spawn(process.execPath, [program, 'run', 'three-node', '--report-dir', folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let told = ''
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString()
      if (told.includes('Waiting for nodes') && !child.killed) child.kill('SIGINT')
    })
    child.stdout.resume()
    const [exitCode] = (await once(child, 'close')) as [number]
    expect(exitCode, told).to.equal(130)
    expect(await new VmProvider().list()).to.deep.equal(before)
    const record = JSON.parse(readFileSync(join(folder, 'latest', 'run.json'), 'utf8')) as { state: string }
    expect(record.state).to.equal('interrupted')
  })
})
