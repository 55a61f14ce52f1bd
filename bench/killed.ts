import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Command } from 'commander'
import { givenHosts, type HostFlags, hostWords, withHostOptions } from '../lib/cli/given-hosts.ts'
import { count } from '../lib/cli/count.ts'
import { InputError, SwarmproofError } from '../lib/error.ts'
import { packageRoot } from '../lib/package-root.ts'
import { sshClient } from '../lib/remote/open-ssh/connect.ts'
import type { Remote } from '../lib/remote/remote.ts'

/**
 * `npm run bench:killed -- HOSTS…`: what is left on hosts after `swarmproof validate` was killed, at random moments,
 * so that nothing of it could clean up. The hosts must be in a swarm, and nothing else may change them meanwhile.
 */

/** Everything a run might leave, a line each. Ids of tasks and counters change by themselves and are not among it. */
const everything = String.raw`
docker version >/dev/null || exit 3
docker service ls --format 'service {{.Name}}' 2>/dev/null
docker network ls --format 'network {{.Name}} {{.Driver}}'
docker ps --all --format 'container {{.Names}}'
docker image ls --all --format 'image {{.Repository}}:{{.Tag}} {{.ID}}'
docker volume ls --format 'volume {{.Name}}'
for folder in /run /tmp /var/tmp; do for file in "$folder"/* "$folder"/.[!.]*; do [ -e "$file" ] && echo "file $file"; done; done
for file in /run/docker/netns/*; do [ -e "$file" ] && echo "namespace of network or task"; done
ip -o link show | sed -nE 's/^[0-9]+: ([^:@]+).*/\1/p' | grep -v ^veth | sed 's/^/link /'
ip xfrm state | grep -c ^src | sed 's/^/xfrm states /'; ip xfrm policy | grep -c ^src | sed 's/^/xfrm policies /'
iptables-save | grep ^-A | sed -E 's/ --to-destination .*//; s/^/rule /'
ps -eo args= | grep -E 'swarmproof|tcpdump|perl' | grep -v grep | sed 's/^/process /'
true`

interface Flags extends HostFlags {
  readonly times: number
  readonly within: number
  readonly gone: number
  readonly seed: number
}

async function main(words: readonly string[], flags: Flags): Promise<void> {
  const inventory = givenHosts(words, flags)
  await using client = sshClient({
    signal: new AbortController().signal,
    ...(flags.sshConfig === undefined ? {} : { configFile: flags.sshConfig }),
    ...(flags.knownHosts === undefined ? {} : { knownHostsFiles: flags.knownHosts }),
  })
  const remotes = new Map<string, Remote>()
  for (const { name, destination } of inventory.hosts) remotes.set(name, await client.connect(destination))
  const random = generator(flags.seed)
  const before = await lookAt(remotes)
  console.log(`${flags.times} runs on ${[...remotes.keys()].join(', ')}, seed ${flags.seed}`)
  let [dirty, ended] = [0, 0]
  for (let turn = 1; turn <= flags.times; turn += 1) {
    const afterMs = Math.round(random() * flags.within * 1000)
    const { alive, doing } = await killedRun(words, flags, afterMs)
    if (!alive) ended += 1
    const killedAt = performance.now()
    let left = differences(before, await lookAt(remotes))
    const most = left.length
    while (left.length > 0 && performance.now() - killedAt < flags.gone * 1000) {
      await delay(3000)
      left = differences(before, await lookAt(remotes))
    }
    const seconds = Math.round((performance.now() - killedAt) / 1000)
    if (left.length > 0) dirty += 1
    console.log(
      `${turn}. killed after ${afterMs / 1000} s (${doing}): ${most} things more or less on the hosts, ${
        left.length === 0 ? `none after ${seconds} s` : `still ${left.length} after ${seconds} s`
      }`,
    )
    for (const line of left) console.log(`   ${line}`)
  }
  console.log(`\nsomething left after ${dirty} of ${flags.times}; ${ended} had ended before they were killed`)
  process.exitCode = dirty > 0 ? 1 : ended > 0 ? 2 : 0
}

/** Starts a run, kills it with everything it started, and tells the last it said. */
async function killedRun(words: readonly string[], flags: Flags, afterMs: number) {
  const folder = mkdtempSync(join(tmpdir(), 'swarmproof-killed-'))
  const child = spawn(
    process.execPath,
    [
      join(packageRoot(), 'bin', 'swarmproof.js'),
      ...['validate', ...hostWords(words, flags), '--report-dir', folder],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  )
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = (said + String(chunk)).slice(-4000)))
  const ended = once(child, 'exit')
  await Promise.race([ended, delay(afterMs)])
  const alive = child.exitCode === null
  if (alive && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  await ended
  rmSync(folder, { recursive: true, force: true })
  const last = said.trim().split('\n').at(-1)?.trim() ?? ''
  return { alive, doing: alive ? last.slice(0, 70) : `it had ended by itself: ${last.slice(0, 50)}` }
}

/** By host, how often each line is there. */
type Look = ReadonlyMap<string, ReadonlyMap<string, number>>

async function lookAt(remotes: ReadonlyMap<string, Remote>): Promise<Look> {
  const looks = await Promise.all(
    [...remotes].map(async ([name, remote]) => {
      const { stdout, stderr, exitCode } = await remote.exec(everything, { timeoutMs: 120_000 })
      // Of a host that cannot be looked at, nothing left would be said whatever is there.
      if (exitCode !== 0)
        throw new SwarmproofError({
          ...{ code: 'HOST_UNREADABLE', what: 'what is on the host cannot be listed', host: name },
          observed: stderr.trim(),
        })
      const lines = new Map<string, number>()
      for (const line of stdout.split('\n').filter(Boolean)) lines.set(line, (lines.get(line) ?? 0) + 1)
      return [name, lines] as const
    }),
  )
  return new Map(looks)
}

function differences(before: Look, after: Look): string[] {
  return [...after].flatMap(([host, lines]) => {
    const former = before.get(host) ?? new Map<string, number>()
    return [...new Set([...lines.keys(), ...former.keys()])].flatMap((line) => {
      const more = (lines.get(line) ?? 0) - (former.get(line) ?? 0)
      return more === 0 ? [] : [`${host}: ${more > 0 ? `${more} more` : `${-more} fewer`}: ${line}`]
    })
  })
}

/** Moments that can be had again: a linear congruential generator (Numerical Recipes). */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

await withHostOptions(
  new Command('killed')
    .argument('[hosts...]')
    .option('--times <count>', 'how many runs', count, 10)
    .option('--within <seconds>', 'the latest moment to kill one', count, 120)
    .option('--gone <seconds>', 'how long to wait until nothing is left', count, 240)
    .option('--seed <number>', 'of the moments', count, 1),
)
  .action(main)
  .parseAsync()
  .catch((error: unknown) => {
    if (!(error instanceof SwarmproofError)) throw error
    console.error(`killed: ${error.message}`)
    process.exitCode = error instanceof InputError ? 64 : 70
  })
