import { Command } from 'commander'
import { InputError } from '../error.ts'
import { allCandidates, cleanAll } from '../host/standing-labs.ts'
import type { CleanResult } from '../host/clean.ts'
import { type CleanHostsFlags, cleanHosts } from './clean-hosts.ts'
import { withHostOptions } from './given-hosts.ts'
import { stdout } from './output.ts'

const examples = `
Examples:
  swarmproof clean            remove what killed runs left: machines, containers, networks, disks, keys
  swarmproof clean --all      also labs left standing by 'up' or 'run --keep'
  swarmproof clean --cache    also images, templates and saved labs; the next run builds them again
  swarmproof clean --json     the result as JSON
  swarmproof clean ops@m1     what runs of 'validate' left on existing hosts, this manager and all nodes of its swarm
  swarmproof clean -i hosts.yml --dry-run   say what it would remove there, and remove nothing

With hosts: found by the label swarmproof=RUN-ID and by folders that bear such an id, and nothing else. What belongs to
a run that is still alive is named and left: a manager says so for all nodes, any other host for itself alone.
Exit codes: 0 nothing of a dead run is left, 70 something could not be removed or a host could not be looked at. Nodes that the swarm itself lists as down are named and not looked at.`

interface Flags extends CleanHostsFlags {
  readonly all: boolean
  readonly cache: boolean
}

export function cleanCommand(): Command {
  const command = new Command('clean')
    .summary('remove what killed runs left behind')
    .description('Removes what killed runs left behind, on this machine or on existing hosts.')
    .argument(
      '[hosts...]',
      'hosts that runs of `validate` were on: one manager stands for all nodes of its swarm',
    )
    .option('--all', 'also labs that were kept, and labs of other running swarmproof processes', false)
    .option(
      '--cache',
      'also the images of guests and hosts, templates, saved labs and the unpacked emulator',
      false,
    )
    .option('--run <id>', 'with hosts: only what this run left')
    .option('--dry-run', 'with hosts: name what would be removed, and remove nothing', false)
    .option('--force', 'with hosts: also what belongs to runs that are still alive', false)
    .option('--json', 'print the result as JSON', false)
  return withHostOptions(command)
    .addHelpText('after', examples)
    .action(async (words: readonly string[], flags: Flags) => {
      if (words.length > 0 || flags.inventory !== undefined) {
        if (!flags.all && !flags.cache) return cleanHosts(words, flags)
        throw new InputError({
          code: 'CLEAN_WHAT',
          what: '--all and --cache are for labs on this machine, but hosts are named',
          hint: 'run it twice: swarmproof clean --all or --cache without hosts, swarmproof clean HOSTS without them',
        })
      }
      if (flags.run !== undefined || flags.dryRun || flags.force)
        throw new InputError({
          code: 'CLEAN_WHAT',
          what: '--run, --dry-run and --force work with hosts only, but no host is named',
          hint: 'swarmproof clean HOSTS, or -i INVENTORY',
        })
      if (flags.all && !flags.json) await announce()
      const result = await cleanAll(flags)
      if (flags.json) stdout.writeJson(result)
      else stdout.write(summary(result))
    })
}

async function announce(): Promise<void> {
  for (const { id, state } of await allCandidates()) {
    if (state === 'kept' || state === 'owned') stdout.write(`ending lab ${id} (${state})\n`)
  }
}

export function summary({ removed, left }: CleanResult): string {
  const lines = removed.map(({ kind, name, processes, containers, bytes }) => {
    if (containers !== undefined) return `removed ${kind} ${name} (${counted(containers, 'container')})`
    const ended = processes === 0 ? '' : `, ${counted(processes, 'process', 'es')} ended`
    return `removed ${kind} ${name} (${mebibytes(bytes)}${ended})`
  })
  lines.push(...left.map(({ name, reason }) => `left ${name}: ${reason}`))
  const bytes = removed.reduce((sum, part) => sum + part.bytes, 0)
  if (removed.length === 0) lines.push('nothing to remove')
  else if (bytes > 0) lines.push(`${mebibytes(bytes)} of disk given back`)
  return `${lines.join('\n')}\n`
}

function counted(count: number, noun: string, plural = 's'): string {
  return `${count} ${noun}${count === 1 ? '' : plural}`
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`
}
