import { fileURLToPath } from 'node:url'
import * as allure from 'allure-js-commons'
import AllureMochaReporter from 'allure-mocha'
import { expect, use } from 'chai'
import Mocha from 'mocha'
import { redactValue } from '../redact-value.ts'
import type { Suite } from './suite.ts'
import { conformantAssertion } from './conformant.ts'
import type { ConformanceTest } from './test.ts'
import type { Verification } from './verify.ts'

use(conformantAssertion)

export interface BridgeOptions {
  /** Name of the lab; tells the results of one requirement on several labs apart. */
  readonly lab: string
  /** Folder that receives the Allure results. */
  readonly allureResults: string
  readonly bail: boolean
  readonly signal: AbortSignal
  /** Called when the results for Allure cannot be written, e.g. because the disk is full; the tests go on. */
  readonly onUnwritten: (error: unknown) => void
  /**
   * Verifies one test and records its verdict; undefined where it is not verified any more. Rejects only when the run is
   * interrupted.
   */
  readonly verify: (test: ConformanceTest, suite: Suite) => Promise<Verification | undefined>
}

/** Runs the tests as mocha tests, one after another, so that every mocha reporter can follow. */
export async function runWithMocha(suites: readonly Suite[], options: BridgeOptions): Promise<void> {
  const mocha = new Mocha({
    reporter: withoutErrors(AllureMochaReporter as unknown as Mocha.ReporterConstructor, options),
    reporterOptions: { resultsDir: options.allureResults },
    timeout: 0,
    bail: options.bail,
  })
  for (const suite of suites) mocha.suite.addSuite(mochaSuite(mocha.suite, suite, options))
  await new Promise<void>((resolve) => {
    const stop = (): void => void runner.abort()
    const runner = mocha.run(() => {
      // Otherwise each run leaves its listeners behind.
      options.signal.removeEventListener('abort', stop)
      runner.dispose()
      resolve()
    })
    options.signal.addEventListener('abort', stop)
  })
}

/** What a reporter throws would end mocha's run in its midst, without a word to whoever waits for its end. */
function withoutErrors(
  Reporter: Mocha.ReporterConstructor,
  { onUnwritten }: Pick<BridgeOptions, 'onUnwritten'>,
): Mocha.ReporterConstructor {
  const guarded =
    (listener: (...words: unknown[]) => void) =>
    (...words: unknown[]): void => {
      try {
        listener(...words)
      } catch (error) {
        onUnwritten(error)
      }
    }
  const Guarded = function (runner: Mocha.Runner, options: Mocha.MochaOptions): Mocha.reporters.Base {
    const guardedRunner: Mocha.Runner = new Proxy(runner, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (name !== 'on' && name !== 'once') return bound(value, target)
        return (event: string, listener: (...words: unknown[]) => void) => {
          target[name](event, guarded(listener))
          return guardedRunner
        }
      },
    })
    const reporter = new Reporter(guardedRunner, options)
    const done = reporter.done?.bind(reporter)
    reporter.done = (failures, ended) => {
      try {
        if (done === undefined) ended?.(failures)
        else done(failures, ended)
      } catch (error) {
        onUnwritten(error)
        ended?.(failures)
      }
    }
    return reporter
  }
  return Guarded as unknown as Mocha.ReporterConstructor
}

function bound(value: unknown, target: object): unknown {
  return typeof value === 'function' ? (value.bind(target) as unknown) : value
}

// allure-mocha hangs on a test without a file.
const file = fileURLToPath(import.meta.url)

function mochaSuite(root: Mocha.Suite, suite: Suite, options: BridgeOptions): Mocha.Suite {
  const created = new Mocha.Suite(`${suite.group} ${suite.title}`, root.ctx)
  created.file = file
  created.timeout(0)
  for (const test of suite.tests) {
    const mochaTest = new Mocha.Test(`${test.id} ${test.requirement}`, async function (this: Mocha.Context) {
      await describeToAllure(test, suite, options.lab).catch(options.onUnwritten)
      const verified = await options.verify(test, suite)
      if (verified === undefined) return this.skip()
      const { verdict } = verified
      await attach('verdict', verdict).catch(options.onUnwritten)
      if (verdict.outcome === 'skip') this.skip()
      // What is advisory decides nothing, and must not stop a run with --bail either.
      if (!test.advisory) expect(verdict).to.be.conformant
    })
    mochaTest.file = file
    created.addTest(mochaTest)
  }
  return created
}

async function attach(name: string, value: unknown): Promise<void> {
  await allure.attachment(name, JSON.stringify(redactValue(value), undefined, 2), 'application/json')
}

async function describeToAllure(test: ConformanceTest, suite: Suite, lab: string): Promise<void> {
  await allure.allureId(test.id)
  await allure.feature(`${suite.group} ${suite.title}`)
  await allure.parameter('lab', lab)
  await allure.label('safety', test.safety)
  if (test.advisory) await allure.tag('advisory')
  await allure.description(`${test.requirement}\n\n${test.method}`)
}
