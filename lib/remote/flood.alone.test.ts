import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { expect } from 'chai'
import type { Host } from '../host/host.ts'
import type { Plan } from '../probe/agent-protocol.ts'
import { AgentSession } from '../probe/agent-session.ts'
import { type EndableProcess, runBounded } from './bounded-run.ts'

/** A process of this machine that prints without end, as one of a host may. */
function flooding(script: string): EndableProcess & { readonly child: ChildProcessWithoutNullStreams } {
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => undefined)
  let hasExited = false
  const exited = new Promise<{ exitCode: number }>((resolve) =>
    child.once('exit', (code) => {
      hasExited = true
      resolve({ exitCode: code ?? -1 })
    }),
  )
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  return {
    ...{ child, exited, stop, stdin: child.stdin, stdout: child.stdout, stderr: child.stderr },
    get hasExited() {
      return hasExited
    },
    [Symbol.asyncDispose]: stop,
  }
}

/** The longest time in which a timer due every 10 ms did not run, while `work` did. */
async function longestGapMs(work: Promise<unknown>): Promise<number> {
  let [last, longest] = [performance.now(), 0]
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 10)
  await work.finally(() => clearInterval(timer))
  return longest
}

const emptyPlan = { lines: [], limitSeconds: 60 } as unknown as Plan

async function rejection(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => expect.fail('it should have been refused'),
    (error: Error) => error,
  )
}

const mebibyte = 1024 * 1024

describe('a host that floods', function () {
  this.timeout(60_000)

  for (const [where, script] of [
    ['standard output', 'exec cat /dev/zero'],
    ['standard error', 'exec cat /dev/zero >&2'],
    ['both', 'cat /dev/zero & exec cat /dev/zero >&2'],
  ] as const) {
    it(`on ${where} is stopped at the bound, in an error that names it`, async () => {
      const process_ = flooding(script)
      const before = process.memoryUsage().rss
      const run = { host: 'worker1', command: 'docker info', timeoutMs: 50_000 }
      const failure = rejection(runBounded(process_, run))
      // Beats that keep the guards of other hosts quiet go out on timers.
      expect(await longestGapMs(failure), 'ms without a timer').to.be.below(2000)
      const error = await failure
      expect(error).to.include({ code: 'REMOTE_OUTPUT', host: 'worker1', mayHaveStarted: true })
      expect(error.message)
        .to.contain('docker info')
        .and.to.contain(`at most ${64 * mebibyte} bytes`)
      expect(process_.hasExited).to.equal(true)
      expect((process.memoryUsage().rss - before) / mebibyte, 'MiB').to.be.below(400)
    })
  }

  it('may print as much as the bound says', async () => {
    const run = { host: 'worker1', command: 'x', timeoutMs: 50_000, maxOutputBytes: 1000 }
    const { stdout } = await runBounded(flooding('head -c 1000 /dev/zero'), run)
    expect(stdout).to.have.lengthOf(1000)
    const error = await rejection(runBounded(flooding('head -c 1001 /dev/zero'), run))
    expect(error).to.have.property('code', 'REMOTE_OUTPUT')
  })

  for (const [what, script, told] of [
    [
      'its probe agent',
      'exec perl -e \'syswrite STDOUT, "1 out 65536\\n" . "x" x 65536 while 1\'',
      `a line of more than ${mebibyte} bytes`,
    ],
    ['what keeps that', 'exec tr "\\0" x </dev/zero', "it said 'xxx"],
  ] as const)
    it(`with one endless line of ${what} fails the probe, and is ended`, async () => {
      const process_ = flooding(script)
      const host = { name: 'worker1', remote: { spawn: async () => process_ } } as unknown as Host
      const session = await AgentSession.start(host, emptyPlan)
      const error = await rejection(session.ready)
      expect(error).to.include({ code: 'PROBE_AGENT', host: 'worker1' })
      expect(error.message).to.contain(told)
      expect(await rejection(session.done)).to.equal(error)
      await process_.stop()
      await process_.exited
    })
})
