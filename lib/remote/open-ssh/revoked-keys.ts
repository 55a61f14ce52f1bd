import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InputError } from '../../error.ts'
import { keyTypeOf } from '../host-key.ts'
import { runProgramNow } from './openssh-program.ts'

/** Files of RevokedHostKeys: each a list of public keys, or a key revocation list as ssh-keygen makes them. */
export interface RevokedKeys {
  /** The file that revokes a key; undefined if none does. Answers at once. */
  revokes(blob: Buffer): string | undefined
}

/** A key revocation list begins so (PROTOCOL.krl). */
const krlMagic = Buffer.from('SSHKRL\n\0')

/**
 * ssh_config(5): "if this file does not exist or is not readable, then host authentication will be refused for all
 * hosts".
 * @throws InputError `SSH_REVOKED_KEYS`
 */
export function readRevokedKeys(files: readonly string[]): RevokedKeys {
  const lists = files.map((file) => ({ file, content: contents(file) }))
  return {
    revokes: (blob) =>
      lists.find(({ file, content }) =>
        content.subarray(0, krlMagic.length).equals(krlMagic) ? inKrl(file, blob) : inText(content, blob),
      )?.file,
  }
}

/** Only 0 says that a key is not revoked. */
function inKrl(file: string, blob: Buffer): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'swarmproof-key-'))
  try {
    const key = join(folder, 'key.pub')
    writeFileSync(key, `${keyTypeOf(blob)} ${blob.toString('base64')}\n`)
    return runProgramNow('ssh-keygen', ['-Q', '-f', file, key]).exitCode !== 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function inText(content: Buffer, blob: Buffer): boolean {
  const encoded = blob.toString('base64')
  return content
    .toString('latin1')
    .split('\n')
    .some((line) => !line.trim().startsWith('#') && line.split(/\s+/).includes(encoded))
}

function contents(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new InputError({
      code: 'SSH_REVOKED_KEYS',
      what: `cannot read ${file}, which RevokedHostKeys names, so no host key can be accepted`,
      observed: (error as Error).message,
      hint: "repair the file or make it readable, or set RevokedHostKeys to 'none'",
      cause: error,
    })
  }
}
