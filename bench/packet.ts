import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateCapture } from './generate.ts'
import { benchKeep } from './keep.ts'
import { median } from '../lib/median.ts'
import { spread } from './statistics.ts'

/**
 * `npm run bench`: CPU time of `swarmproof inspect FILE --json` next to tcpdump and tshark on the same
 * generated capture. Whole processes, start included, in turns, so that a busy machine is unfair to all alike.
 * With `--keep` what deciding of each packet costs a recorder; see `benchKeep`.
 */
const PACKETS = 1_000_000
const ROUNDS = 7
/** What a ledger like ours needs of every packet. */
const FIELDS = [
  ...[
    'frame.time_epoch',
    'frame.len',
    'ip.src',
    'ip.dst',
    'ip.len',
    'ip.proto',
    'ip.flags.mf',
    'ip.frag_offset',
  ],
  ...['udp.srcport', 'udp.dstport', 'tcp.srcport', 'tcp.dstport', 'vxlan.vni', 'esp.spi', 'esp.sequence'],
]
const NEEDED_BYTES = 300 * 1024 * 1024
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

interface Sample {
  /** User and system time. */
  readonly cpuSeconds: number
}

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'swarmproof-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
  needDisk(folder)
  if (process.argv.includes('--keep')) return benchKeep(folder)

  const command = installed(folder)
  const capture = join(folder, 'million.pcap')
  const bytes = generateCapture(capture, PACKETS)
  console.log(
    `${PACKETS} packets, ${(bytes / 1e6).toFixed(0)} MB; node ${process.version}; ${ROUNDS} rounds in turns\n`,
  )

  const inspect = [...command, 'inspect', capture, '--json']
  const tcpdump = ['tcpdump', '-r', capture, '-w', '/dev/null', 'udp port 4789']
  const fields = FIELDS.flatMap((field) => ['-e', field])
  const tshark = [
    'tshark',
    '-n',
    '-r',
    capture,
    '-o',
    'tcp.desegment_tcp_streams:FALSE',
    '-T',
    'fields',
    ...fields,
  ]
  const ours: Sample[] = []
  const theirs: Sample[] = []
  const hasTcpdump = isThere('tcpdump')
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(measure(inspect))
    if (hasTcpdump) theirs.push(measure(tcpdump))
  }
  const own = tell('swarmproof inspect --json', ours)
  if (hasTcpdump) {
    const other = tell("tcpdump -w /dev/null 'udp port 4789'", theirs)
    const ratios = ours.map((sample, round) => sample.cpuSeconds / (theirs[round]?.cpuSeconds ?? NaN))
    console.log(
      `  inspect ÷ tcpdump: ${spread(ratios)} (of medians ${(own / other).toFixed(2)}; target at most 2)\n`,
    )
  } else console.log('tcpdump: not installed, not compared\n')
  if (isThere('tshark')) {
    const other = tell(`tshark -T fields, the ${FIELDS.length} that the ledger needs`, [measure(tshark)])
    console.log(`  tshark ÷ inspect: ${(other / own).toFixed(0)} (target at least 50)\n`)
  } else console.log('tshark: not installed, not compared\n')
  console.log(`peak memory of inspect: ${peakMegabytes(inspect).toFixed(0)} MB (target below 120)`)
}

function needDisk(folder: string): void {
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize >= NEEDED_BYTES) return
  console.error(
    `bench needs ${NEEDED_BYTES / 1e6} MB free in ${tmpdir()}; set TMPDIR to a place that has them`,
  )
  process.exit(64)
}

/** The command as a package has it: compiled, beside its launcher. */
function installed(folder: string): string[] {
  const built = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      'tsconfig.build.json',
      '--outDir',
      join(folder, 'dist'),
    ],
    { cwd: root, stdio: 'inherit' },
  )
  if (built.status !== 0) throw new Error('the build failed')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  const launcher = join(folder, 'bin/swarmproof.js')
  if (existsSync(join(root, 'bin/swarmproof.js')))
    cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true })
  else {
    mkdirSync(join(folder, 'bin'))
    writeFileSync(
      launcher,
      `import { Command } from 'commander'
import { inspectCommand } from '../dist/lib/cli/inspect.js'
await new Command('swarmproof').addCommand(inspectCommand()).parseAsync()
`,
    )
  }
  return [process.execPath, launcher]
}

/** bash knows what its children used, and every Debian and Ubuntu has it. */
function measure(command: readonly string[]): Sample {
  const script = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1 || echo failed >&2'
  const { stderr } = spawnSync('bash', ['-c', script, 'bash', ...command], { encoding: 'utf8' })
  const times = /([\d.]+) ([\d.]+)/.exec(stderr)
  if (times === null || stderr.includes('failed')) throw new Error(`${command.join(' ')} failed: ${stderr}`)
  return { cpuSeconds: Number(times[1]) + Number(times[2]) }
}

function peakMegabytes([node = '', ...rest]: readonly string[]): number {
  const tell = 'process.on("exit",()=>process.stderr.write(`peak ${process.resourceUsage().maxRSS}`))'
  const { stderr } = spawnSync(
    node,
    ['--import', `data:text/javascript,${encodeURIComponent(tell)}`, ...rest],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  return Number(/peak (\d+)/.exec(stderr)?.[1]) / 1000
}

const isThere = (program: string): boolean =>
  spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0

function tell(name: string, samples: readonly Sample[]): number {
  const seconds = samples.map((sample) => sample.cpuSeconds)
  console.log(`${name}\n  CPU seconds: ${spread(seconds)}`)
  return median(seconds)
}

main()
