import { ExitCode } from '../error.ts'
import type { HostFinding } from '../preflight/host-findings.ts'
import { type HostsExamined, examineHosts } from '../preflight/examine-hosts.ts'
import { isBlocked, isTooSmall } from '../preflight/finding.ts'
import { sshClient } from '../remote/open-ssh/connect.ts'
import { clientOptions, givenHosts, type HostFlags } from './given-hosts.ts'
import { onInterruption } from './interruption.ts'
import { LiveProgress } from './live-progress.ts'
import { stdout } from './output.ts'
import { type Style, style } from './terminal.ts'

export interface DoctorHostsFlags extends HostFlags {
  readonly json: boolean
}

/** `doctor` for existing hosts: what each of them says, and what gets through between them. */
export async function doctorHosts(words: readonly string[], flags: DoctorHostsFlags): Promise<void> {
  const inventory = givenHosts(words, flags)
  const progress = new LiveProgress()
  const interruption = onInterruption((text) => progress.note(text))
  const client = sshClient(clientOptions(flags, interruption.signal))
  let examined: HostsExamined
  try {
    const connect = client.connect.bind(client)
    examined = await examineHosts(inventory, { connect, progress, signal: interruption.signal })
  } catch (error) {
    throw interruption.signal.aborted ? interruption.signal.reason : error
  } finally {
    await client[Symbol.asyncDispose]()
    progress.close()
    interruption.release()
  }
  if (flags.json) stdout.deliverJson(asJson(examined))
  else stdout.deliver(`${hostsPage(examined, style(stdout))}\n`)
  process.exitCode = exitCodeOf(examined)
}

export function exitCodeOf({ findings, preflight }: HostsExamined): number {
  if (findings.some(({ status }) => status === 'missing')) return ExitCode.harness
  const bad = preflight !== undefined && (preflight.ports.some(isBlocked) || preflight.mtu.some(isTooSmall))
  return bad ? ExitCode.notConformant : ExitCode.conformant
}

function asJson(examined: HostsExamined): object {
  return { ready: exitCodeOf(examined) === ExitCode.conformant, ...examined }
}

/** A block for each host, then what was measured between them, then a verdict. */
export function hostsPage(examined: HostsExamined, paint: Style): string {
  const { findings, preflight, warnings } = examined
  const hosts = [...new Set(findings.map(({ host }) => host))]
  const width = Math.max(0, ...findings.map(({ name }) => name.length))
  return [
    ...warnings.map((text) => `${paint.yellow('warning')}  ${text}`),
    ...hosts.flatMap((host) => [
      paint.bold(host),
      ...findings.filter((one) => one.host === host).flatMap((one) => findingLines(one, width, paint)),
      '',
    ]),
    ...(preflight === undefined ? [] : [...betweenLines(preflight, paint), '']),
    verdict(examined, paint),
  ].join('\n')
}

function findingLines({ name, status, detail, hint }: HostFinding, width: number, paint: Style): string[] {
  const line = `  ${coloured(status, paint)}  ${name.padEnd(width)}  ${detail}`
  return hint === undefined ? [line] : [line, `${' '.repeat(13 + width)}-> ${hint}`]
}

function coloured(status: HostFinding['status'] | 'blocked', paint: Style): string {
  const paints = {
    ok: paint.green,
    warning: paint.yellow,
    unknown: paint.yellow,
    missing: paint.red,
    blocked: paint.red,
  }
  return paints[status](status.padEnd(7))
}

function betweenLines(
  { ports, mtu, unmeasured }: NonNullable<HostsExamined['preflight']>,
  paint: Style,
): string[] {
  const [blocked, small] = [ports.filter(isBlocked), mtu.filter(isTooSmall)]
  const through = ports.filter((one) => !isBlocked(one))
  const kinds = [...new Set(ports.map(({ what }) => what))].join(', ')
  const sizes = [
    ...new Set(mtu.filter((one) => !isTooSmall(one)).flatMap(({ pathBytes }) => pathBytes ?? [])),
  ]
  const unknown = mtu.filter(({ pathBytes }) => pathBytes === undefined)
  return [
    paint.bold('between the hosts'),
    ...(ports.length === 0
      ? []
      : [
          `  ${coloured(blocked.length === 0 ? 'ok' : 'unknown', paint)}  ${through.length} of ${ports.length} ways get through (${kinds}, each in both directions)`,
        ]),
    ...(sizes.length === 0 ? [] : [`  ${coloured('ok', paint)}  path MTU ${sizes.join(', ')}`]),
    ...blocked.map(({ detail }) => `  ${coloured('blocked', paint)}  ${detail}`),
    ...small.map(({ detail }) => `  ${coloured('blocked', paint)}  ${detail}`),
    ...unknown.map(({ detail }) => `  ${coloured('unknown', paint)}  ${detail}`),
    ...unmeasured.map(
      ({ host, why }) =>
        `  ${coloured('unknown', paint)}  ${host} was not measured: ${why.split('\n').join(';')}`,
    ),
  ]
}

function verdict(examined: HostsExamined, paint: Style): string {
  const code = exitCodeOf(examined)
  if (code === ExitCode.conformant)
    return paint.green('These hosts can be verified, and nothing is in the way between them.')
  if (code === ExitCode.notConformant)
    return paint.red('These hosts can be verified; a swarm of them will not work, see above.')
  const missing = examined.findings.filter(({ status }) => status === 'missing')
  return paint.red(
    `These hosts cannot be verified yet: see ${[...new Set(missing.map(({ host, name }) => `${name} of ${host}`))].join(', ')}.`,
  )
}
