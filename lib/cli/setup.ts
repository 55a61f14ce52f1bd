import { Command, Option } from 'commander'
import { readDistribution } from '../setup/distribution.ts'
import { ensureSetup } from '../setup/setup.ts'
import { ensureSystemPackages, testTools, unitTestTools } from '../setup/system-packages.ts'
import type { EngineName } from '../topology/engine.ts'
import { readEnginePackage } from '../setup/engine-package.ts'
import { engineOption, enginePackageOption } from './engine-option.ts'
import { onInterruption } from './interruption.ts'
import { LiveProgress } from './live-progress.ts'
import { stdout } from './output.ts'

export function setupCommand(): Command {
  return new Command('setup')
    .summary('install and build what labs need')
    .description(
      'Installs and builds what labs of virtual machines need: system packages, an emulator, the guest image. `run` and `up` do it by themselves. What is there already is left alone.',
    )
    .addOption(engineOption('build the guest image with this engine'))
    .addOption(enginePackageOption())
    .option('--tests', 'also install what only the tests of swarmproof itself need')
    .addOption(
      new Option(
        '--unit-tests',
        'install what the unit tests of swarmproof itself need, and nothing else: no emulator, no guest image',
      ).conflicts(['tests', 'engine', 'enginePackage', 'json']),
    )
    .option('--json', 'print what is there as JSON on standard output')
    .addHelpText('after', examples)
    .action(setup)
}

interface SetupFlags {
  readonly json?: true
  readonly tests?: true
  readonly unitTests?: true
  readonly engine?: EngineName
  readonly enginePackage?: string[]
}

async function setup(flags: SetupFlags): Promise<void> {
  const progress = new LiveProgress()
  const interruption = onInterruption((text) => progress.note(text))
  try {
    const context = { progress, signal: interruption.signal }
    if (flags.unitTests) {
      await ensureSystemPackages(await readDistribution(), context, unitTestTools)
      progress.close()
      return stdout.write('Unit tests can be run.\n')
    }
    const { engine, enginePackage: paths } = flags
    const ready = await ensureSetup(context, {
      ...(engine === undefined ? {} : { engine }),
      ...(paths === undefined ? {} : { enginePackage: await readEnginePackage(paths) }),
    })
    if (flags.tests) await ensureSystemPackages(ready.distribution, context, testTools)
    const text = 'Labs can be run: packages, emulator and guest image are there.'
    progress.close()
    if (flags.json) stdout.writeJson(ready)
    else stdout.write(`${text}\n`)
  } finally {
    progress.close()
    interruption.release()
  }
}

const examples = `
Examples:
  swarmproof setup                  once, before the first run, or to see that nothing is missing
  swarmproof setup --engine 20.10   the guest image of another engine, before a run needs it
  swarmproof setup --engine-package engine/*.deb
                                    the guest image of an engine that is in no archive
  swarmproof setup --json           which emulator and which guest image labs are made from`
