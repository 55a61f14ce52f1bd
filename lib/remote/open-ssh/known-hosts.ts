import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { InputError } from '../../error.ts'
import { keyTypeOf } from '../host-key.ts'
import type { Place } from './config-file.ts'
import { matchesList } from './pattern.ts'

/** One line of known_hosts, in the form of sshd(8). */
export interface KnownHost {
  /** `revoked`: never accept this key. `cert-authority`: signs host certificates. */
  readonly marker: 'revoked' | 'cert-authority' | undefined
  /** Whether the line is about this name, `host` or `[host]:port`, in lower case. */
  names(name: string): boolean
  readonly keyType: string
  /** Undefined if the key cannot be read. */
  readonly blob: Buffer | undefined
  readonly place: Place
}

/** Reads the files that are there. `required` ones must be. */
export function readKnownHosts(files: readonly string[], required = false): readonly KnownHost[] {
  return files.flatMap((file) => {
    const text = textOf(file, required)
    return text.split('\n').flatMap((line, index) => parseLine(line, { file, line: index + 1 }) ?? [])
  })
}

/** `host`, or `[host]:port` if the port is another than 22. */
export function knownName(host: string, port: number): string {
  const lower = host.toLowerCase()
  return port === 22 ? lower : `[${lower}]:${port}`
}

function parseLine(text: string, place: Place): KnownHost | undefined {
  const fields = text.trim().split(/\s+/)
  if (fields[0] === undefined || fields[0] === '' || fields[0].startsWith('#')) return undefined
  const marker = fields[0].startsWith('@') ? fields.shift()?.slice(1) : undefined
  // A marker that nobody knows makes a line that OpenSSH passes over.
  if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') return undefined
  const [hosts = '', keyType = '', encoded = ''] = fields
  const blob = Buffer.from(encoded, 'base64')
  return {
    marker,
    names: hosts.startsWith('|') ? hashed(hosts) : plain(hosts),
    keyType,
    blob: keyTypeOf(blob) === keyType && keyType !== '' ? blob : undefined,
    place,
  }
}

function plain(field: string): (name: string) => boolean {
  const patterns = field.toLowerCase().split(',')
  return (name) => matchesList(patterns, name)
}

/** `|1|salt|hash`: HMAC-SHA1 of the name, keyed with the salt, both in base64. */
function hashed(field: string): (name: string) => boolean {
  const [, version, salt, hash] = field.split('|')
  if (version !== '1' || salt === undefined || hash === undefined) return () => false
  const [key, expected] = [Buffer.from(salt, 'base64'), Buffer.from(hash, 'base64')]
  return (name) => createHmac('sha1', key).update(name).digest().equals(expected)
}

function textOf(file: string, required: boolean): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!required && (code === 'ENOENT' || code === 'ENOTDIR')) return ''
    throw new InputError({
      code: 'SSH_KNOWN_HOSTS',
      what: `cannot read the known hosts file ${file}`,
      observed: (error as Error).message,
      cause: error,
    })
  }
}
