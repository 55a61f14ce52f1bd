import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateCapture } from '../generate.ts'
import type { Bench, Case, OpenCase, Side } from './bench.ts'
import { programOf } from './checkout.ts'

const inspectedPackets = 1_000_000

/** `--version` and `--help`, in a checkout and as a package, beside a Node program that does nothing. */
export const processCases: readonly Case[] = [
  starting('version', '--version', 'checkout', 6),
  starting('help', '--help', 'checkout', 6),
  starting('packed-version', '--version', 'package', 3),
  starting('packed-help', '--help', 'package', 3),
  {
    name: 'inspect',
    about: `the package’s \`inspect --json\` of ${inspectedPackets} packets beside tcpdump`,
    parties: ['tcpdump', 'earlier', 'now'],
    targets: [{ figure: 'CPU', of: 'tcpdump', most: 2 }],
    warmUps: 1,
    async open(bench) {
      const capture = join(bench.scratch, 'inspected.pcap')
      if (!bench.isDry) generateCapture(capture, inspectedPackets)
      const tcpdump = ['tcpdump', '-r', capture, '-w', '/dev/null', 'udp port 4789']
      const words = await sides(bench, async (side) => [
        process.execPath,
        await packed(bench, side),
        'inspect',
        capture,
        '--json',
      ])
      return alike(bench, { tcpdump, ...words })
    },
  },
]

function starting(name: string, flag: string, as: 'checkout' | 'package', most: number): Case {
  return {
    name,
    about: `${flag} of a ${as} beside an empty Node program`,
    parties: ['empty', 'earlier', 'now'],
    targets: [{ figure: 'wall', of: 'empty', most }],
    warmUps: 1,
    async open(bench) {
      const empty = join(bench.scratch, 'empty.mjs')
      writeFileSync(empty, '')
      const words = await sides(bench, async (side) => [
        process.execPath,
        as === 'checkout' ? programOf(side.folder) : await packed(bench, side),
        flag,
      ])
      return alike(bench, { empty: [process.execPath, empty], ...words })
    },
  }
}

async function sides(
  { earlier, now }: Bench,
  wordsOf: (side: Side) => Promise<readonly string[]>,
): Promise<Record<Side['name'], readonly string[]>> {
  return { earlier: await wordsOf(earlier), now: await wordsOf(now) }
}

/** Each party is a command that is measured as it is. */
function alike(bench: Bench, words: Readonly<Record<string, readonly string[]>>): OpenCase {
  return {
    run: (party) => bench.run({ words: words[party] ?? [], folder: bench.scratch }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** The program of a side as `npm pack` and `npm install` make it; once for all cases. */
async function packed(bench: Bench, side: Side): Promise<string> {
  const folder = join(bench.scratch, `packed-${side.name}`)
  const program = join(folder, 'lib', 'node_modules', 'swarmproof', 'bin', 'swarmproof.js')
  if (existsSync(program)) return program
  bench.note(`packing and installing ${side.name}`)
  mkdirSync(folder, { recursive: true })
  await bench.run({ words: ['npm', 'pack', '--pack-destination', folder], folder: side.folder })
  const archive = bench.isDry
    ? 'PACKAGE.tgz'
    : (readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? '')
  const quietly = ['--no-audit', '--no-fund', '--loglevel=error']
  const words = ['npm', 'install', '--global', '--prefix', folder, ...quietly, join(folder, archive)]
  await bench.run({ words, folder })
  return program
}
