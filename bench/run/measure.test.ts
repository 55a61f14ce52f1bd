import { expect } from 'chai'
import { fixedWorkMs, measure } from './measure.ts'

const never = new AbortController().signal
const folder = process.cwd()
const node = (text: string): string[] => [process.execPath, '--eval', text]

describe('what a command costs', () => {
  it('holds the processor time of its children and theirs', async () => {
    const busy = 'const end = process.cpuUsage(); while (process.cpuUsage(end).user < 300_000);'
    const parent = `require('node:child_process').execFileSync(process.execPath, ['--eval', ${JSON.stringify(busy)}])`
    const { cpuSeconds, wallSeconds, machineSeconds } = await measure({ words: node(parent), folder }, never)
    expect(cpuSeconds).to.be.within(0.3, 3)
    expect(wallSeconds).to.be.at.least(0.3)
    expect(machineSeconds).to.be.at.least(0.2)
  })

  it('holds how fast the machine was before and after, by processor time', async () => {
    const waits = node('setTimeout(() => {}, 300)')
    const { fixedWorkMs: told } = await measure({ words: waits, folder }, never)
    expect(told).to.have.lengthOf(2)
    const now = fixedWorkMs()
    // A compiler that left the loop out would leave nothing of it.
    expect(now).to.be.above(2)
    for (const ms of told) expect(ms).to.be.within(now / 4, now * 4)
  })

  it('returns both streams and an exit code that is expected', async () => {
    const words = node('console.log(1); console.error(2); process.exitCode = 2')
    const { output, exitCode } = await measure({ words, folder, expected: [0, 2] }, never)
    expect({ output, exitCode }).to.deep.equal({ output: '1\n2\n', exitCode: 2 })
  })

  it('quotes the output of a command that failed', async () => {
    const failed = measure({ words: node('console.log("why"); process.exit(3)'), folder }, never)
    const reason = await failed.catch((error: unknown) => String(error))
    expect(reason).to.include('exit code 3').and.to.include('why')
  })

  it('interrupts a command with its children, and awaits its end', async () => {
    const controller = new AbortController()
    const words = node('setInterval(() => {}, 1000); process.on("SIGINT", () => process.exit(0))')
    const running = measure({ words, folder }, controller.signal).catch((error: unknown) => error)
    setTimeout(() => controller.abort(new Error('interrupted')), 500)
    expect(await running)
      .to.be.an('error')
      .with.property('message', 'interrupted')
  })
})
