import { fileURLToPath } from 'node:url'
import * as allure from 'allure-js-commons'
import AllureMochaReporter from 'allure-mocha'
import Mocha from 'mocha'
import type { Suite } from './suite.ts'
import type { ConformanceTest } from './test.ts'
import type { Verification } from './verify.ts'

export interface BridgeOptions {
  /** Name of the lab; tells the results of one requirement on several labs apart. */
  readonly lab: string
  /** Folder that receives the Allure results. */
  readonly allureResults: string
  readonly bail: boolean
  readonly signal: AbortSignal
  /** Verifies one test and records its verdict; rejects only when the run is interrupted. */
  readonly verify: (test: ConformanceTest, suite: Suite) => Promise<Verification>
}

/** Runs the tests as mocha tests, one after another, so that every mocha reporter can follow. */
export async function runWithMocha(suites: readonly Suite[], options: BridgeOptions): Promise<void> {
  const mocha = new Mocha({
    reporter: AllureMochaReporter as unknown as Mocha.ReporterConstructor,
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

// allure-mocha hangs on a test without a file.
const file = fileURLToPath(import.meta.url)

function mochaSuite(root: Mocha.Suite, suite: Suite, options: BridgeOptions): Mocha.Suite {
  const created = new Mocha.Suite(`${suite.group} ${suite.title}`, root.ctx)
  created.file = file
  created.timeout(0)
  for (const test of suite.tests) {
    const mochaTest = new Mocha.Test(`${test.id} ${test.requirement}`, async function (this: Mocha.Context) {
      await describeToAllure(test, suite, options.lab)
      const { verdict, error } = await options.verify(test, suite)
      await allure.attachment('verdict', JSON.stringify(verdict, undefined, 2), 'application/json')
      if (verdict.outcome === 'skip') this.skip()
      if (error !== undefined) throw error
    })
    mochaTest.file = file
    created.addTest(mochaTest)
  }
  return created
}

async function describeToAllure(test: ConformanceTest, suite: Suite, lab: string): Promise<void> {
  await allure.allureId(test.id)
  await allure.feature(`${suite.group} ${suite.title}`)
  await allure.parameter('lab', lab)
  await allure.label('safety', test.safety)
  if (test.advisory) await allure.tag('advisory')
  await allure.description(`${test.requirement}\n\n${test.method}`)
}
