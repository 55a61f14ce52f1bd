import { Command } from 'commander'
import { ensureSetup } from '../setup/setup.ts'
import { onInterruption } from './interruption.ts'
import { LiveProgress } from './live-progress.ts'

export function setupCommand(): Command {
  return new Command('setup')
    .summary('install and build what labs need')
    .description(
      'Installs and builds what labs of virtual machines need: system packages, an emulator, the guest image.\n`run` and `up` do it by themselves. What is there already is left alone.',
    )
    .option('--json', 'print what is there as JSON on standard output')
    .addHelpText('after', examples)
    .action(setup)
}

async function setup(flags: { readonly json?: true }): Promise<void> {
  const progress = new LiveProgress()
  const interruption = onInterruption((text) => progress.note(text))
  try {
    const ready = await ensureSetup({ progress, signal: interruption.signal })
    const text = 'Labs can be run: packages, emulator and guest image are there.'
    progress.close()
    process.stdout.write(flags.json ? `${JSON.stringify(ready, undefined, 2)}\n` : `${text}\n`)
  } finally {
    progress.close()
    interruption.release()
  }
}

const examples = `
Examples:
  swarmproof setup          once, before the first run, or to see that nothing is missing
  swarmproof setup --json   which emulator and which guest image labs are made from`
