import { z } from 'zod'
import { SwarmproofError } from '../error.ts'
import { fingerprint, keyTypeOf } from '../remote/host-key.ts'
import type { Remote } from '../remote/remote.ts'
import { describeLastSection, execSections, type Section, type Sections } from '../remote/sections.ts'
import { factsScript } from './facts-script.ts'
import type { ClockFacts, HostFacts } from './host-facts.ts'
import { parseEngine, parseNetworks, parseSwarm } from './parse-docker.ts'
import {
  parseFirewallFacts,
  parseInterfaces,
  parseModuleFacts,
  parseRouteFacts,
  parseSockets,
  parseVxlanDevices,
} from './parse-system.ts'
import { type ToolName, toolNames } from './host-facts.ts'
import { rootless, rootlessSeen } from './rootless.ts'

/**
 * Reads what a host is and has, in one remote call that changes nothing.
 * @throws SwarmproofError `DOCKER_MISSING`, `DOCKER_IS_PODMAN`, `DOCKER_NOT_RUNNING`, `DOCKER_DENIED`, `NOT_ROOT`,
 *   `ENGINE_UNFIT` where it is rootless, with what to do; `NOT_AN_IDENTIFIER` where it says what no engine and no kernel says
 */
export async function readHostFacts(remote: Remote, now: () => number = Date.now): Promise<HostFacts> {
  const startedMs = now()
  const { result, sections } = await execSections(remote, factsScript, {
    timeoutMs: 120_000,
    idempotent: true,
  })
  const endedMs = now()
  if (result.stdout === '') throw nothingSaid(remote.host, result.exitCode, result.stderr)
  return parseHostFacts(remote.host, sections, { startedMs, endedMs })
}

export interface ReadingSpan {
  /** By our clock, milliseconds since 1970. */
  readonly startedMs: number
  readonly endedMs: number
}

/** What the script printed as data. @throws SwarmproofError `FACTS_TRUNCATED` where it was cut off */
export function parseHostFacts(host: string, printed: Sections, span: ReadingSpan): HostFacts {
  if (!printed.complete) throw truncated(host, printed)
  try {
    return parse(host, printed, span)
  } catch (cause) {
    if (!(cause instanceof z.ZodError) && !(cause instanceof SyntaxError)) throw cause
    throw new SwarmproofError({
      code: 'DOCKER_OUTPUT',
      what: 'docker printed output of an unexpected form',
      host,
      observed: cause.message.replaceAll(/\s+/g, ' ').slice(0, 300),
      hint: 'run `docker info` and `docker network ls` on the host: is another program called docker there?',
      cause,
    })
  }
}

function parse(host: string, printed: Sections, span: ReadingSpan): HostFacts {
  const sections = printed.all
  const of = (name: string): Section | undefined => sections.find((section) => section.name === name)
  const lines = (name: string): readonly string[] => printed.lines(name)
  const system = new Map(lines('system').map((line) => splitOnce(line)))
  refuse(host, sections, system)
  const info = readJson(host, lines('info'))
  return {
    hostname: system.get('hostname') ?? '',
    machineId: system.get('machine') ?? '',
    bootId: system.get('boot') ?? '',
    hostKeys: parseHostKeys(lines('host-keys')),
    architecture: system.get('architecture') ?? '',
    kernelRelease: system.get('kernel') ?? '',
    engine: parseEngine(host, readJson(host, lines('engine')), info, {
      ...{ firewallBackend: lines('firewall-backend')[0]?.trim(), execRoots: lines('exec-root') },
    }),
    swarm: parseSwarm(host, info, of('data-path')?.argument ?? ''),
    interfaces: parseInterfaces(
      host,
      lines('addresses').join(''),
      sections,
      lines('tools').some((line) => line.startsWith('ethtool ')),
    ),
    routes: parseRouteFacts(host, lines('routes').join('')),
    vxlanDevices: parseVxlanDevices(host, lines('vxlan').join('')),
    heldPorts: parseSockets(lines('sockets')),
    tools: parseTools(lines('tools')),
    modules: parseModuleFacts(lines('modules')),
    clock: clockOf(sections, span),
    firewall: parseFirewallFacts(lines('firewall')),
    disk: diskOf(lines('disk')[0]),
    memory: { totalMib: mib(system.get('MemTotal')), availableMib: mib(system.get('MemAvailable')) },
    processors: Number(system.get('processors') ?? 1) || 1,
    networks: parseNetworks(host, lines('networks')),
  }
}

function refuse(host: string, sections: readonly Section[], system: ReadonlyMap<string, string>): void {
  const uid = system.get('uid') ?? ''
  if (sections.some(({ name }) => name === 'no-docker')) {
    throw new SwarmproofError({
      code: 'DOCKER_MISSING',
      what: 'there is no docker command',
      host,
      hint: 'install a Docker engine there, or take the host out of the list',
    })
  }
  const wordsOf = (name: string): string | undefined =>
    sections
      .find((section) => section.name === name)
      ?.lines.join(' ')
      .slice(-300)
  const podman = wordsOf('podman')
  if (podman !== undefined) {
    throw new SwarmproofError({
      code: 'DOCKER_IS_PODMAN',
      what: 'the docker command is that of Podman, which does not support swarms',
      host,
      observed: podman,
      hint: 'install a Docker engine there and remove the package podman-docker, or take the host out of the list',
    })
  }
  const denied = wordsOf('denied')
  if (denied !== undefined) {
    throw new SwarmproofError({
      code: 'DOCKER_DENIED',
      what: 'the engine does not let this user in',
      host,
      observed: `user id ${uid || 'unknown'} may not write to ${denied}`,
      hint: 'log in as root, or let the user run `sudo -n` (become: true); the group docker alone does not suffice',
    })
  }
  const words = wordsOf('no-engine')
  const unfit = words !== undefined || uid !== '0' ? rootlessSeen(sections) : undefined
  if (unfit !== undefined) {
    throw new SwarmproofError({
      code: 'ENGINE_UNFIT',
      what: `the engine is set up so that nothing can be verified: ${unfit}`,
      host,
      hint: rootless.hint,
    })
  }
  if (words !== undefined) {
    throw new SwarmproofError({
      code: 'DOCKER_NOT_RUNNING',
      what: 'the Docker engine does not answer',
      host,
      observed: words,
      hint: 'systemctl status docker; journalctl -u docker -n 50',
    })
  }
  if (uid !== '0') {
    throw new SwarmproofError({
      code: 'NOT_ROOT',
      what: 'kernel state can be read by root alone',
      host,
      observed: `commands run with user id ${uid || 'unknown'}`,
      hint: 'log in as root, or let the user run `sudo -n` (become: true)',
    })
  }
}

function nothingSaid(host: string, exitCode: number, stderr: string): SwarmproofError {
  return new SwarmproofError({
    code: 'FACTS_FAILED',
    what: 'the host could not be asked what it is',
    host,
    observed: `exit code ${exitCode}: ${stderr.trim().slice(-300)}`,
    hint: 'the host needs a POSIX shell and coreutils or busybox',
  })
}

function truncated(host: string, printed: Sections): SwarmproofError {
  return new SwarmproofError({
    code: 'FACTS_TRUNCATED',
    what: 'the host’s facts ended early',
    host,
    expected: 'output up to its end mark',
    observed: describeLastSection(printed),
    hint: 'run the command again; if it repeats, look at the free memory and the load of the host',
  })
}

/** The one object among the lines: clients and their plug-ins may print words of their own. */
function readJson(host: string, lines: readonly string[]): Readonly<Record<string, unknown>> {
  const line = lines.findLast((one) => one.startsWith('{')) ?? lines[0]
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(line ?? ''))
  } catch {
    throw new SwarmproofError({
      code: 'DOCKER_OUTPUT',
      what: 'docker printed something that is not JSON',
      host,
      observed: `${(line ?? '').length} characters`,
      hint: 'docker info and docker version on the host',
    })
  }
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf(' ')
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1).trim()]
}

/** From lines of a type and a key in base64, as public key files have them. */
function parseHostKeys(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    const [type = '', key = ''] = line.split(' ')
    const blob = Buffer.from(key, 'base64')
    return keyTypeOf(blob) === type ? [`${type} ${fingerprint(blob)}`] : []
  })
}

function parseTools(lines: readonly string[]): Readonly<Record<ToolName, string | undefined>> {
  const paths = new Map(lines.map((line) => splitOnce(line)))
  return Object.fromEntries(toolNames.map((name) => [name, paths.get(name)])) as Record<
    ToolName,
    string | undefined
  >
}

/**
 * The script reads the clock first and last. It began after we asked and ended before we heard, which bounds the offset
 * from both sides. Where the clock has whole seconds only, they widen the bounds.
 */
function clockOf(sections: readonly Section[], span: ReadingSpan): ClockFacts {
  const readings = sections.filter(({ name }) => name === 'clock').map(({ argument }) => argument)
  const precise = readings.every((text) => /^\d{16,}$/.test(text))
  const toMs = (text: string | undefined): number =>
    precise ? Number((text ?? '').slice(0, -6)) : Number(/^\d{1,10}/.exec(text ?? '')?.[0]) * 1000
  const [first, last] = [toMs(readings[0]), toMs(readings.at(-1))]
  const [atLeast, atMost] = [last - span.endedMs, first - span.startedMs + (precise ? 1 : 1000)]
  return {
    offsetMs: Math.round((atLeast + atMost) / 2),
    uncertaintyMs: Math.ceil(Math.abs(atMost - atLeast) / 2),
  }
}

function diskOf(line: string | undefined): HostFacts['disk'] {
  const [, , , available = '0', , path = '/'] = (line ?? '').split(/\s+/)
  return { path, freeMib: mib(available) }
}

function mib(kib: string | undefined): number {
  return Math.floor(Number(kib ?? 0) / 1024)
}
