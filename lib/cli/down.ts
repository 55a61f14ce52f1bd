import { Command } from 'commander'
import { vmProvider } from '../host/vm/vm-provider.ts'
import { whichLab } from './which-lab.ts'

interface DownFlags {
  readonly lab?: string
  readonly all?: true
  readonly json?: true
}

export function downCommand(): Command {
  return new Command('down')
    .summary('end a lab left standing by `up` or `run --keep`')
    .description('Ends a standing lab: its machines, networks, disks and keys.')
    .option('--lab <id>', 'which one, when several stand')
    .option('--all', 'every standing lab')
    .option('--json', 'print the ended labs as JSON on standard output')
    .addHelpText('after', examples)
    .action(down)
}

async function down(flags: DownFlags): Promise<void> {
  const provider = vmProvider()
  const labs = flags.all
    ? await Promise.all((await provider.list()).map((lab) => provider.attach(lab.id)))
    : [await whichLab(provider, flags.lab)]
  for (const lab of labs) await lab[Symbol.asyncDispose]()
  const ended = labs.map((lab) => lab.id)
  const text = ended.length === 0 ? 'No lab stands.' : `Ended ${ended.join(', ')}.`
  process.stdout.write(flags.json ? `${JSON.stringify({ ended })}\n` : `${text}\n`)
}

const examples = `
Examples:
  swarmproof down             the lab that stands
  swarmproof down --all       all of them`
