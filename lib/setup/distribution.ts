import { readFile } from 'node:fs/promises'

/** The operating system of this machine, as /etc/os-release tells it. */
export interface Distribution {
  readonly id: string
  /** e.g. `12` or `24.04`; empty on rolling releases. */
  readonly version: string
  readonly codename: string
  /** e.g. `Debian GNU/Linux 12 (bookworm)`. */
  readonly prettyName: string
  /** What guests are built of; undefined where neither Debian's nor Ubuntu's archive is at home. */
  readonly family: 'debian' | 'ubuntu' | undefined
}

export async function readDistribution(path = '/etc/os-release'): Promise<Distribution> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return parseDistribution(text)
}

export function parseDistribution(osRelease: string): Distribution {
  const fields = new Map<string, string>()
  for (const line of osRelease.split('\n')) {
    const match = /^([A-Z_]+)=(.*)$/.exec(line.trim())
    if (match !== null) fields.set(match[1] ?? '', (match[2] ?? '').replace(/^(["'])(.*)\1$/, '$2'))
  }
  const id = fields.get('ID') ?? 'unknown'
  return {
    id,
    version: fields.get('VERSION_ID') ?? '',
    codename: fields.get('VERSION_CODENAME') ?? '',
    prettyName: fields.get('PRETTY_NAME') ?? id,
    family: id === 'debian' || id === 'ubuntu' ? id : undefined,
  }
}

const known = ['debian 12', 'debian 13', 'ubuntu 22.04', 'ubuntu 24.04']

/** One of the four releases swarmproof's set-up is written for. */
export function isKnownRelease(distribution: Distribution): boolean {
  return known.includes(`${distribution.id} ${distribution.version}`)
}

/** Releases on which the whole set-up was run; elsewhere it says that it is untested. */
export function isTestedRelease(distribution: Distribution): boolean {
  return distribution.id === 'debian' && distribution.version === '12'
}
