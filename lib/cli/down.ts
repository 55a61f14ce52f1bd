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
    .option('--all', 'every standing lab but those a run is using')
    .option('--json', 'print the ended labs as JSON on standard output')
    .addHelpText('after', examples)
    .action(down)
}

async function down(flags: DownFlags): Promise<void> {
  const provider = standingLabs()
  const labs = await provider.list()
  // A run that goes on needs its lab; whoever wants it ended says so by name.
  const used = labs.filter(({ state }) => state === 'owned').map(({ id }) => id)
  const others = labs.filter(({ id }) => !used.includes(id))
  const ended = flags.all
    ? others.map(({ id }) => id)
    : [await whichLabId(flags.lab === undefined ? { list: async () => others } : provider, flags.lab)]
  for (const id of ended) await provider.remove(id)
  const text = [
    ended.length === 0 ? 'No lab stands.' : `Ended ${ended.join(', ')}.`,
    ...(flags.all && used.length > 0
      ? [`In use by a run, and left alone: ${used.join(', ')}; end it with --lab.`]
      : []),
  ].join('\n')
  process.stdout.write(flags.json ? `${JSON.stringify({ ended, used })}\n` : `${text}\n`)
}

const examples = `
Examples:
  swarmproof down             the lab that stands
  swarmproof down --all       all of them`
