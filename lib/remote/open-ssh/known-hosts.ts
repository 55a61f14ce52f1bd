import { accessSync, constants, statSync } from 'node:fs'
import { InputError } from '../../error.ts'
import { keyTypeOf } from '../host-key.ts'
import { lastWords, runOpenSshProgram, runProgramNow } from './openssh-program.ts'
import type { ProgramAnswer } from './openssh-program.ts'

/** One line of known_hosts, in the form of sshd(8), that is about the name that was looked up. */
export interface KnownHostsEntry {
  /** As it was looked up, `host` or `[host]:port`. */
  readonly name: string
  /** `revoked`: never accept this key. `cert-authority`: signs host certificates. */
  readonly marker: 'revoked' | 'cert-authority' | undefined
  readonly keyType: string
  /** Undefined if the key cannot be read. */
  readonly blob: Buffer | undefined
  readonly place: KnownHostsLine
}

export interface KnownHostsLine {
  readonly file: string
  readonly line: number
}

/** `host`, or `[host]:port` if the port is another than 22. */
export function knownName(host: string, port: number): string {
  const lower = host.toLowerCase()
  return port === 22 ? lower : `[${lower}]:${port}`
}

/**
 * Has ssh-keygen find the lines about these names: plain, hashed, with wildcards, negated.
 * @throws InputError `SSH_KNOWN_HOSTS` for a file that cannot be read, which may hold revoked keys, and for one that is
 *   not there if `required`
 */
export async function findKnownHosts(
  files: readonly string[],
  names: readonly string[],
  required = false,
): Promise<readonly KnownHostsEntry[]> {
  const found = await Promise.all(
    readable(files, required).flatMap((file) =>
      names.map(async (name) =>
        linesOf(await runOpenSshProgram('ssh-keygen', wordsFor(name, file)), name, file),
      ),
    ),
  )
  return found.flat()
}

/** The same at once, for a name that is known only while the host waits. */
export function findKnownHostsNow(files: readonly string[], name: string): readonly KnownHostsEntry[] {
  return readable(files, false).flatMap((file) =>
    linesOf(runProgramNow('ssh-keygen', wordsFor(name, file)), name, file),
  )
}

function wordsFor(name: string, file: string): string[] {
  return ['-F', name, '-f', file]
}

function readable(files: readonly string[], required: boolean): string[] {
  return files.filter((file) => {
    if (file === '/dev/null') return false
    try {
      accessSync(file, constants.R_OK)
      if (statSync(file).isDirectory()) throw new Error('it is a folder')
      return true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (!required && (code === 'ENOENT' || code === 'ENOTDIR')) return false
      throw unreadable(file, (error as Error).message)
    }
  })
}

/** ssh-keygen(1): a line `# Host NAME found: line N` with CA or REVOKED behind it, then the line itself; 1 for none. */
function linesOf(answer: ProgramAnswer, name: string, file: string): KnownHostsEntry[] {
  if (answer.exitCode === 1 && answer.stdout === '') return []
  if (answer.exitCode !== 0) throw unreadable(file, lastWords(answer))
  const lines: KnownHostsEntry[] = []
  let number: number | undefined
  for (const line of answer.stdout.split('\n')) {
    const announced = /^# Host .* found: line (\d+)/.exec(line)?.[1]
    if (announced !== undefined) number = Number(announced)
    else if (number !== undefined) {
      const known = parseLine(line, name, { file, line: number })
      if (known !== undefined) lines.push(known)
      number = undefined
    }
  }
  return lines
}

function parseLine(text: string, name: string, place: KnownHostsLine): KnownHostsEntry | undefined {
  const fields = text.trim().split(/\s+/)
  const marker = fields[0]?.startsWith('@') === true ? fields.shift()?.slice(1) : undefined
  // A marker that nobody knows makes a line that OpenSSH passes over.
  if (marker !== undefined && marker !== 'revoked' && marker !== 'cert-authority') return undefined
  const [, keyType = '', encoded = ''] = fields
  const blob = Buffer.from(encoded, 'base64')
  const valid = keyTypeOf(blob) === keyType && keyType !== ''
  return { name, marker, keyType, blob: valid ? blob : undefined, place }
}

function unreadable(file: string, observed: string): InputError {
  return new InputError({
    code: 'SSH_KNOWN_HOSTS',
    what: `cannot read the known hosts file ${file}`,
    observed,
    hint: 'give an existing file with --known-hosts, or correct UserKnownHostsFile and GlobalKnownHostsFile in the ssh_config in use',
  })
}
