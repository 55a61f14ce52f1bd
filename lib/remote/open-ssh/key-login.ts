import { existsSync } from 'node:fs'
import ssh2 from 'ssh2'
import type { IdentityCallback, ParsedKey, SignCallback } from 'ssh2'
import { InputError } from '../../error.ts'
import { keyTypeOf } from '../host-key.ts'
import type { Authentication, Complaint } from '../ssh-endpoint.ts'
import type { HostSettings } from './host-settings.ts'
import { identitiesFor } from './identities.ts'
import type { Identities, Identity, IdentitySources } from './identities.ts'
import { KeyFileProblem } from './key-file.ts'

/** A login by any key at hand. Agent and files are looked at again for each connection. */
export function keyLogin(where: string, settings: HostSettings, sources: IdentitySources): Authentication {
  refuseMissing(settings)
  const agent = new KeyAgent(() => identitiesFor(settings, sources), settings.algorithms.publicKey)
  return { agent, failure: (observed) => loginRefused(where, settings, agent, observed) }
}

/** Files of ssh_config may be missing, as for ssh; one that was asked for by name may not. */
function refuseMissing({ identityFiles }: HostSettings): void {
  const missing = identityFiles.find(({ path, from }) => from === 'asked' && !existsSync(path))
  if (missing === undefined) return
  throw new InputError({
    code: 'SSH_IDENTITY',
    what: `the identity file ${missing.path} is not there`,
    expected: 'a private key',
    hint: "'ssh-keygen -t ed25519' makes one",
  })
}

/**
 * To ssh2 all keys are an agent's, because it asks an agent to sign only after the host said that it would take the
 * key: nobody is asked for the passphrase of a key that opens nothing.
 */
class KeyAgent extends ssh2.BaseAgent<ParsedKey | Buffer> {
  readonly #read: () => Promise<Identities>
  readonly #allowed: readonly string[]
  /** Of the last connection. */
  offered: readonly Identity[] = []
  problems: string[] = []
  /** A key that would open the host, had somebody given its passphrase. */
  lockedFile: string | undefined
  /** The host took a key and yet did not let us in. */
  signed: Identity | undefined

  constructor(read: () => Promise<Identities>, allowed: readonly string[]) {
    super()
    this.#read = read
    this.#allowed = allowed
  }

  override getIdentities(done: IdentityCallback<ParsedKey | Buffer>): void {
    this.#read().then(
      ({ usable, problems }) => {
        this.offered = usable
        this.problems = [...problems]
        this.signed = undefined
        this.lockedFile = undefined
        done(
          null,
          usable.map(({ publicBlob }) => publicBlob),
        )
      },
      (error: Error) => {
        this.problems = [error.message]
        done(error)
      },
    )
  }

  override sign(
    publicKey: ParsedKey | Buffer,
    data: Buffer,
    optionsOrDone: object | SignCallback,
    callback?: SignCallback,
  ): void {
    const done = (callback ?? optionsOrDone) as SignCallback
    const { hash } = optionsOrDone as { hash?: string }
    const blob = Buffer.isBuffer(publicKey) ? publicKey : publicKey.getPublicSSH()
    const identity = this.offered.find((one) => one.publicBlob.equals(blob))
    if (identity === undefined) return done(new Error('no such key'))
    const algorithm = signatureAlgorithm(blob, hash)
    if (!this.#allowed.includes(algorithm)) {
      this.problems.push(
        `${identity.label} would be taken, but only with a signature of ${algorithm}, which PubkeyAcceptedAlgorithms does not allow`,
      )
      return done(new Error('not allowed'))
    }
    identity.sign(data, hash).then(
      (signature) => {
        this.signed = identity
        done(null, signature)
      },
      (error: Error) => {
        if (error instanceof KeyFileProblem) this.lockedFile ??= error.lockedFile
        this.problems.push(`${identity.label} would be taken, but ${reasonOf(error)}`)
        done(error)
      },
    )
  }
}

/** RFC 8332: the same RSA key signs with one of three hashes, SHA-1 where none is named. */
function signatureAlgorithm(blob: Buffer, hash: string | undefined): string {
  const type = keyTypeOf(blob)
  if (type !== 'ssh-rsa' || hash === undefined || hash === 'sha1') return type
  return hash === 'sha512' ? 'rsa-sha2-512' : 'rsa-sha2-256'
}

function reasonOf(error: Error): string {
  return error instanceof KeyFileProblem ? error.message : `could not sign: ${error.message}`
}

function loginRefused(where: string, settings: HostSettings, agent: KeyAgent, observed: string): Complaint {
  const offered = agent.offered.map(({ label }) => label)
  return {
    what: `cannot log in as ${settings.user} at ${where}`,
    expected: 'a key that the host takes; no password is ever asked for',
    observed: [
      /too many/i.test(observed) ? observed : 'the host took none',
      offered.length === 0 ? 'there was no key to offer' : `offered: ${offered.join(', ')}`,
      ...agent.problems,
      ...(agent.signed === undefined ? [] : [`${agent.signed.label} was taken, but that was not enough`]),
      ...certificateRemark(settings),
    ].join('; '),
    hint: hintFor(settings, agent, observed),
  }
}

function hintFor({ user }: HostSettings, agent: KeyAgent, observed: string): string {
  const locked = agent.lockedFile
  if (/too many/i.test(observed))
    return "name the right key with IdentityFile, and 'IdentitiesOnly yes', in ~/.ssh/config"
  if (locked !== undefined) return `'ssh-add ${locked}' with an agent running, then again`
  if (agent.signed !== undefined)
    return 'does the host ask for a second factor, or is the account locked or expired?'
  if (agent.offered.length === 0) return "'ssh-add' a key, or name one with IdentityFile in ~/.ssh/config"
  return `put one of these public keys into ~${user}/.ssh/authorized_keys of the host (ssh-copy-id)`
}

function certificateRemark({ certificateFile }: HostSettings): string[] {
  return certificateFile === undefined ? [] : [`CertificateFile ${certificateFile} is not supported`]
}
