import { Command } from 'commander'
import { removeKeptNotes } from '../conformance/kept-notes.ts'
import { type LabKeeper, standingLabs } from '../host/standing-labs.ts'
import { stdout } from './output.ts'
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
  const { ended, used } = await labsToEnd(provider, flags)
  for (const id of ended) {
    await provider.remove(id)
    removeKeptNotes(id)
  }
  const text = [
    ended.length === 0 ? 'No lab stands.' : `Ended ${ended.join(', ')}.`,
    ...(flags.all && used.length > 0
      ? [`In use by a run, and left alone: ${used.join(', ')}; end it with --lab.`]
      : []),
  ].join('\n')
  if (flags.json) stdout.writeJson({ ended, used })
  else stdout.write(`${text}\n`)
}

/**
 * A run that goes on needs its lab; whoever wants it ended says so by name.
 * @throws InputError when it is not clear which one is meant
 */
export async function labsToEnd(
  provider: Pick<LabKeeper, 'list'>,
  { lab, all }: Pick<DownFlags, 'lab' | 'all'>,
): Promise<{ readonly ended: readonly string[]; readonly used: readonly string[] }> {
  const labs = await provider.list()
  const others = labs.filter(({ state }) => state !== 'owned')
  const used = labs.filter(({ state }) => state === 'owned').map(({ id }) => id)
  if (all) return { ended: others.map(({ id }) => id), used }
  const among = lab === undefined ? others : labs
  return { ended: [await whichLabId({ list: () => Promise.resolve(among) }, lab)], used }
}

const examples = `
Examples:
  swarmproof down             the lab that stands
  swarmproof down --all       all of them`
