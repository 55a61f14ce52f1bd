import { Command } from 'commander'
import { allCandidates, cleanAll } from '../host/standing-labs.ts'
import type { CleanResult } from '../host/vm/clean.ts'
import { stdout } from './output.ts'

const examples = `
Examples:
  swarmproof clean            remove what killed runs left: machines, containers, networks, disks, keys
  swarmproof clean --all      also labs left standing by 'up' or 'run --keep'
  swarmproof clean --cache    also images, templates and saved labs; the next run builds them anew
  swarmproof clean --json     the result as JSON`

export function cleanCommand(): Command {
  return new Command('clean')
    .description('remove what killed runs left behind')
    .option('--all', 'also labs that were kept, and labs of other running swarmproof processes', false)
    .option(
      '--cache',
      'also the images of guests and hosts, templates, saved labs and the unpacked emulator',
      false,
    )
    .option('--json', 'print the result as JSON', false)
    .addHelpText('after', examples)
    .action(async (options: { all: boolean; cache: boolean; json: boolean }) => {
      if (options.all && !options.json) await announce()
      const result = await cleanAll(options)
      if (options.json) stdout.writeJson(result)
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
