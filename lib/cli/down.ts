import { Command } from 'commander'
import { standingLabs } from '../host/standing-labs.ts'
import { whichLabId } from './which-lab.ts'

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
  const provider = standingLabs()
  const ended = flags.all
    ? (await provider.list()).map((lab) => lab.id)
    : [await whichLabId(provider, flags.lab)]
  for (const id of ended) await provider.remove(id)
  const text = ended.length === 0 ? 'No lab stands.' : `Ended ${ended.join(', ')}.`
  process.stdout.write(flags.json ? `${JSON.stringify({ ended })}\n` : `${text}\n`)
}

const examples = `
Examples:
  swarmproof down             the lab that stands
  swarmproof down --all       all of them`
