import { readFile, rm } from 'node:fs/promises'
import { runLocal } from '../../setup/local-command.ts'

export interface KeyPair {
  readonly privateKey: string
  readonly publicKey: string
}

/** A new Ed25519 pair at `file` and `file.pub`, readable by the owner only. */
export async function generateKeyPair(file: string, comment: string, signal: AbortSignal): Promise<KeyPair> {
  await rm(file, { force: true })
  await runLocal('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file], {
    what: 'making an SSH key',
    signal,
  })
  return { privateKey: await readFile(file, 'utf8'), publicKey: await readFile(`${file}.pub`, 'utf8') }
}
