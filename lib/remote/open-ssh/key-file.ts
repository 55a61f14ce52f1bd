import { readFileSync, statSync } from 'node:fs'
import ssh2 from 'ssh2'
import type { ParsedKey } from 'ssh2'
import { keyTypeOf } from '../host-key.ts'

/** An identity file. Its contents never leave this and the key made of it. */
export interface KeyFile {
  readonly path: string
  /** As it is on the wire. */
  readonly publicBlob: Buffer
  readonly state: 'open' | 'locked' | 'public-only'
  /** The private key; throws PassphraseError if the passphrase is wrong or missing. */
  unlock(passphrase?: string): ParsedKey
}

/** Why a file that is there cannot be used, for messages; without the path. */
export class KeyFileProblem extends Error {
  /** The file stays locked: an agent could hold it open. */
  readonly lockedFile: string | undefined

  constructor(message: string, lockedFile?: string) {
    super(message)
    this.lockedFile = lockedFile
  }
}

export class PassphraseError extends Error {}

/** Undefined if there is no such file. Throws KeyFileProblem. */
export function readKeyFile(path: string, uid: number): KeyFile | undefined {
  const text = contents(path, uid)
  if (text === undefined) return undefined
  const key = ssh2.utils.parseKey(text)
  if (!(key instanceof Error)) {
    const state = key.isPrivateKey() ? 'open' : 'public-only'
    return { path, state, publicBlob: key.getPublicSSH(), unlock: () => key }
  }
  if (!/encrypted/i.test(key.message)) throw unreadable(text)
  const publicBlob = publicPart(text) ?? neighbour(path)
  if (publicBlob === undefined) {
    throw new KeyFileProblem(
      `is encrypted in an old format that hides which key it is: write the public key beside it (ssh-keygen -y -f ${path} >${path}.pub)`,
    )
  }
  return { path, state: 'locked', publicBlob, unlock: (passphrase) => unlock(text, passphrase) }
}

function unlock(text: Buffer, passphrase = ''): ParsedKey {
  const key = ssh2.utils.parseKey(text, passphrase)
  if (key instanceof Error) throw new PassphraseError('the passphrase does not open it')
  return key
}

function contents(path: string, uid: number): Buffer | undefined {
  try {
    const { mode, uid: owner } = statSync(path)
    const text = readFileSync(path)
    // As ssh: whoever else may read it may have read it.
    if (owner === uid && (mode & 0o077) !== 0 && text.includes('PRIVATE KEY')) {
      throw new KeyFileProblem(`is open to others: chmod 600 ${path}`)
    }
    return text
  } catch (error) {
    if (error instanceof KeyFileProblem) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new KeyFileProblem(`cannot be read (${code ?? 'unknown reason'})`)
  }
}

function unreadable(text: Buffer): KeyFileProblem {
  return text.includes('BEGIN ENCRYPTED PRIVATE KEY') || text.includes('BEGIN PRIVATE KEY')
    ? new KeyFileProblem('is in PKCS #8, which is not supported: rewrite it (ssh-keygen -p -f it)')
    : new KeyFileProblem(
        'is not a private key of a supported kind (ed25519, ECDSA, RSA; not of a security key)',
      )
}

const magic = Buffer.from('openssh-key-v1\0')

/** The format of OpenSSH has the public key in clear: magic, cipher, kdf, its options, number of keys, public key. */
function publicPart(text: Buffer): Buffer | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(text.toString('latin1'))?.[1]
  const data = Buffer.from(body ?? '', 'base64')
  if (!data.subarray(0, magic.length).equals(magic)) return undefined
  let at = magic.length
  const next = (): Buffer => {
    const length = data.readUInt32BE(at)
    at += 4 + length
    return data.subarray(at - length, at)
  }
  try {
    for (let field = 0; field < 3; field += 1) next()
    at += 4
    const blob = next()
    return keyTypeOf(blob) === '' ? undefined : Buffer.from(blob)
  } catch {
    return undefined
  }
}

function neighbour(path: string): Buffer | undefined {
  try {
    const key = ssh2.utils.parseKey(readFileSync(`${path}.pub`))
    return key instanceof Error ? undefined : key.getPublicSSH()
  } catch {
    return undefined
  }
}
