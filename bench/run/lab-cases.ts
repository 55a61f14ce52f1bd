import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inventoryOf, knownHostsOf } from '../../suites/validate-lab.fake.ts'
import type { Bench, Case, Side, Trial } from './bench.ts'
import { programOf, root } from './checkout.ts'
import { readCounted } from './counts.ts'

const topology = 'three-node'
/** Conformant, not conformant, inconclusive: told by the counts, and no reason not to have measured. */
const verdicts = [0, 1, 2]

export const labCases: readonly Case[] = [
  fromStandingLab('quick', 0.5),
  fromStandingLab('standard', 0.35),
  validate(),
]

/** `run` resumes the lab that the side's own program saved when it was brought up; it alone stands meanwhile. */
function fromStandingLab(profile: 'quick' | 'standard', most: number): Case {
  return {
    name: profile,
    about: `\`run ${topology}\` of the requirements of the ${profile} profile that both have, from a saved lab`,
    parties: ['earlier', 'now'],
    targets: [
      { figure: 'wall', of: 'earlier', most },
      { figure: 'bytes over SSH', of: 'earlier', most: 0.5 },
    ],
    warmUps: 0,
    async open(bench) {
      const { both, newOnes } = sharedRequirements(bench, profile)
      const run = async (side: Side, selection: readonly string[]): Promise<Trial> => {
        const engine = await savedLab(bench, side)
        return verified(bench, side, ['run', topology, ...bench.hosts, ...selection], engine)
      }
      return {
        run: (party) => run(sideOf(bench, party), ['--only', ...both]),
        beside: async () => told(newOnes, await run(bench.now, ['--profile', profile])),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }
    },
  }
}

/** The hosts of one standing lab, which this commit brought up, as existing ones. */
function validate(): Case {
  return {
    name: 'validate',
    about: `\`validate\` of the requirements of the standard profile that both have, on a swarm of three nodes over SSH`,
    parties: ['earlier', 'now'],
    targets: [
      { figure: 'wall', of: 'earlier', most: 0.35 },
      { figure: 'bytes over SSH', of: 'earlier', most: 0.5 },
    ],
    warmUps: 0,
    async open(bench) {
      const { both, newOnes } = sharedRequirements(bench, 'standard')
      // Machines whatever was asked for: containers have no SSH.
      const lab = await standingLab({ ...bench, hosts: ['--hosts', 'vm'] }, bench.now)
      const engine = await engineOf(bench, bench.now, lab.id)
      const hosts = await hostsOf(bench, lab.id)
      const run = (side: Side, selection: readonly string[]): Promise<Trial> =>
        verified(bench, side, ['validate', ...hosts, ...selection], engine)
      return {
        run: (party) => run(sideOf(bench, party), ['--only', ...both]),
        beside: async () => told(newOnes, await run(bench.now, ['--profile', 'standard'])),
        [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
      }
    },
  }
}

export const sideOf = (bench: Bench, party: string): Side => (party === 'now' ? bench.now : bench.earlier)

function told(newOnes: readonly string[], { wallSeconds, cpuSeconds, exitCode }: Trial): string {
  return `with ${newOnes.length} new requirements (${newOnes.join(', ') || 'none'}): ${wallSeconds.toFixed(1)} s, CPU ${cpuSeconds.toFixed(1)} s, exit code ${exitCode}`
}

interface Listed {
  readonly id: string
  /** The smallest that holds it; none holds what is slow. */
  readonly profile?: string
}

/** Those that the profile of the earlier commit holds and this commit has, too. */
export function sharedRequirements(
  bench: Bench,
  profile: 'quick' | 'standard',
): { readonly both: readonly string[]; readonly newOnes: readonly string[] } {
  const holding = profile === 'quick' ? ['quick'] : ['quick', 'standard']
  const [earlier, now] = [bench.earlier, bench.now].map((side) => listed(side)) as [Listed[], Listed[]]
  const held = (all: readonly Listed[]): string[] =>
    all.filter((one) => holding.includes(one.profile ?? '')).map(({ id }) => id)
  const before = held(earlier)
  const there = new Set(now.map(({ id }) => id))
  const lost = before.filter((id) => !there.has(id))
  if (lost.length > 0) bench.note(`${lost.join(', ')}: not there any more, and left out`)
  return {
    both: before.filter((id) => there.has(id)),
    newOnes: held(now).filter((id) => !before.includes(id)),
  }
}

function listed({ folder, environment }: Side): Listed[] {
  const words = [programOf(folder), 'list', 'requirements', '--json']
  const env = { ...process.env, ...environment }
  return JSON.parse(
    execFileSync(process.execPath, words, { encoding: 'utf8', env, maxBuffer: 1 << 26 }),
  ) as Listed[]
}

/** Brings up the side's lab, which saves it where it was not saved yet, asks for its engine and ends it again. */
async function savedLab(bench: Bench, side: Side): Promise<string> {
  await using lab = await standingLab(bench, side)
  const engine = await engineOf(bench, side, lab.id)
  return engine
}

/** Brings up the side's lab, resumed from where it was saved; disposing ends it, after Ctrl-C, too. */
async function standingLab(bench: Bench, side: Side): Promise<AsyncDisposable & { readonly id: string }> {
  bench.note(`bringing up the lab of ${side.name}`)
  const { folder, environment } = side
  const of = (...words: string[]): readonly string[] => [process.execPath, programOf(folder), ...words]
  const up = of('up', topology, ...bench.hosts, '--json')
  const { output } = await bench.run({ words: up, folder, environment })
  const id = bench.isDry ? 'LAB' : /"id": "([^"]+)"/.exec(output)?.[1]
  if (id === undefined) throw new Error(`up of ${side.name} named no lab:\n${output}`)
  return {
    id,
    async [Symbol.asyncDispose]() {
      await bench.finish({ words: of('down', '--lab', id), folder, environment })
    },
  }
}

/** Version of the engine and the container runtime of one host, which all of a lab have. */
async function engineOf(bench: Bench, { folder, environment }: Side, labId: string): Promise<string> {
  const format = '{{.ServerVersion}}, {{.DefaultRuntime}} {{(index .Runtimes .DefaultRuntime).Path}}'
  const command = ['docker', 'info', '--format', format]
  const words = [process.execPath, programOf(folder), 'exec', '--lab', labId, 'manager', '--', ...command]
  return (await bench.run({ words, folder, environment })).output.trim()
}

/** The words that name the hosts of a lab to `validate`. */
async function hostsOf(bench: Bench, labId: string): Promise<readonly string[]> {
  const inventory = join(bench.scratch, 'hosts.yml')
  const words = (knownHosts: string): string[] => [
    ...['-i', inventory, '--ssh-config', 'none', '--known-hosts', knownHosts],
  ]
  if (bench.isDry) return words('KNOWN_HOSTS')
  Object.assign(process.env, bench.now.environment)
  const { standingLabs } = await import('../../lib/host/standing-labs.ts')
  const { release } = await import('../../lib/cli/which-lab.ts')
  const lab = await standingLabs().attach(labId)
  try {
    writeFileSync(inventory, inventoryOf(lab))
    return words(knownHostsOf(lab))
  } finally {
    await release(lab)
  }
}

/** One command that verifies, with its counts. */
async function verified(bench: Bench, side: Side, given: readonly string[], engine: string): Promise<Trial> {
  const reports = mkdtempSync(join(bench.scratch, `${side.name}-`))
  const counts = join(reports, 'counts')
  mkdirSync(counts)
  const words = [process.execPath, programOf(side.folder), ...given, '--report-dir', join(reports, 'reports')]
  const counting = pathToFileURL(join(root, 'bench', 'run', 'counting.js')).href
  const measured = await bench.run({
    words,
    folder: side.folder,
    environment: {
      ...side.environment,
      NODE_OPTIONS: `--import ${counting}`,
      SWARMPROOF_BENCH_COUNTS: counts,
    },
    expected: verdicts,
  })
  return { ...measured, counted: readCounted(counts, join(reports, 'reports'), engine) }
}
