import pLimit from 'p-limit'
import type { ParsedKey } from 'ssh2'
import { KeyFileProblem, PassphraseError } from './key-file.ts'
import type { KeyFile } from './key-file.ts'

/** As ssh's NumberOfPasswordPrompts. */
const attempts = 3

export type AskPassphrase = (question: string) => Promise<string>

/** Keys that were unlocked, so that nobody is asked twice for the same one, and never for two at once. */
export interface KeyRing {
  /** Throws KeyFileProblem if the key stays locked. */
  open(file: KeyFile): Promise<ParsedKey>
}

export function keyRing(ask: AskPassphrase | undefined): KeyRing {
  const opened = new Map<string, Promise<ParsedKey>>()
  const oneAtATime = pLimit(1)
  return {
    open: (file) => {
      if (file.state === 'open') return Promise.resolve(file.unlock())
      const before = opened.get(file.path)
      if (before !== undefined) return before
      const key = oneAtATime(() => unlocked(file, ask))
      opened.set(file.path, key)
      // Whoever mistyped three times may try again with the next host.
      key.catch(() => opened.delete(file.path))
      return key
    },
  }
}

async function unlocked(file: KeyFile, ask: AskPassphrase | undefined): Promise<ParsedKey> {
  if (ask === undefined) {
    throw new KeyFileProblem(
      `is encrypted and there is no terminal to ask for its passphrase: ssh-add ${file.path}`,
      file.path,
    )
  }
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const passphrase = await ask(`Passphrase for ${file.path}: `)
    if (passphrase === '') break
    try {
      return file.unlock(passphrase)
    } catch (error) {
      if (!(error instanceof PassphraseError)) throw error
    }
  }
  throw new KeyFileProblem(`is encrypted and no passphrase opened it: ssh-add ${file.path}`, file.path)
}
