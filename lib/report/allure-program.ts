import { rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** A program that makes `index.html` in the folder `unfinished` of the results whose folder is its last word. */
export interface AllureProgram {
  readonly command: string
  readonly words: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly unfinished: string
  dispose?(): Promise<void>
}

/**
 * Allure 3 with its plugin of Allure 2's page: that of Allure 3's own page, `awesome`, loads a script of Google's
 * whatever it is told. `cli` is the program, that of the package by default.
 */
export async function allureOnNode(
  unfinished: string,
  reportName: string,
  cli?: string,
): Promise<AllureProgram> {
  const configuration = `${unfinished}.json`
  const plugins = { allure2: { options: { reportName, singleFile: true, reportLanguage: 'en' } } }
  await writeFile(configuration, JSON.stringify({ output: unfinished, plugins }))
  const program = cli ?? join(dirname(require.resolve('allure')), '..', 'cli.js')
  return {
    command: process.execPath,
    words: [program, 'generate', '--config', configuration],
    environment: {},
    unfinished,
    dispose: () => rm(configuration, { force: true }),
  }
}

/** Java itself, not the launcher of allure-commandline: a child of a child would outlive the time limit. */
export function allureOnJava(unfinished: string, java: string): AllureProgram {
  const home = join(dirname(require.resolve('allure-commandline/package.json')), 'dist')
  return {
    command: java,
    words: [
      '-Xmx512m',
      '-Djava.awt.headless=true',
      '-classpath',
      `${join(home, 'lib', '*')}:${join(home, 'lib', 'config')}`,
      'io.qameta.allure.CommandLine',
      ...['generate', '--single-file', '--clean', '--output', unfinished],
    ],
    environment: { APP_HOME: home },
    unfinished,
  }
}

/** The program that runs Java. */
export function javaProgram(): string {
  const home = process.env['JAVA_HOME']
  return home === undefined || home === '' ? 'java' : join(home, 'bin', 'java')
}
