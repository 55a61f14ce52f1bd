import { createRequire } from 'node:module'
import type { CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from 'ssh2'
import { InputError } from '../../error.ts'
import type { ResolvedConfig } from './resolved-config.ts'

/** What may be negotiated with one host, best first, and how keys may sign. */
export interface Algorithms {
  readonly kex: readonly KexAlgorithm[]
  readonly cipher: readonly CipherAlgorithm[]
  readonly hmac: readonly MacAlgorithm[]
  readonly serverHostKey: readonly ServerHostKeyAlgorithm[]
  /** By which login keys may sign. */
  readonly publicKey: readonly string[]
  /** Host keys and login keys of RSA must have so many bits. */
  readonly leastRsaBits: number
}

interface Supported {
  readonly DEFAULT_KEX: readonly KexAlgorithm[]
  readonly SUPPORTED_KEX: readonly KexAlgorithm[]
  readonly DEFAULT_CIPHER: readonly CipherAlgorithm[]
  readonly SUPPORTED_CIPHER: readonly CipherAlgorithm[]
  readonly DEFAULT_MAC: readonly MacAlgorithm[]
  readonly SUPPORTED_MAC: readonly MacAlgorithm[]
  readonly SUPPORTED_SERVER_HOST_KEY: readonly ServerHostKeyAlgorithm[]
}

/** What ssh2 can do on this machine; it depends on the OpenSSL of this Node and is told nowhere else. */
const ssh2 = createRequire(import.meta.url)('ssh2/lib/protocol/constants.js') as Supported

/** OpenSSH 7.3 and later take these numbers of bits or more (SSH_RSA_MINIMUM_MODULUS_SIZE). */
const leastRsaBits = 1_024

/**
 * What the configuration leaves of what the OpenSSH client here would use by itself, as far as ssh2 has it. Where the
 * configuration says nothing the order is ssh2's, whose first cipher is the fastest here. What a configuration adds to
 * OpenSSH's own (`+ssh-rsa`) is not added here.
 * @throws InputError `SSH_ALGORITHMS` where nothing is left
 */
export function narrowAlgorithms(host: string, found: ResolvedConfig, usual: ResolvedConfig): Algorithms {
  const narrow = <T extends string>(
    keywords: readonly string[],
    preferred: readonly T[],
    all: readonly T[],
  ): T[] => {
    const list = (config: ResolvedConfig): readonly string[] | undefined =>
      keywords
        .map((keyword) => config.value(keyword.toLowerCase()))
        .find((value) => value !== undefined)
        ?.split(',')
    const [allowed, byDefault] = [list(found), list(usual)]
    if (allowed === undefined || byDefault === undefined) return [...preferred]
    const left = (
      String(allowed) === String(byDefault)
        ? preferred
        : allowed.flatMap((name) => all.filter((one) => one === name))
    ).filter((name) => allowed.includes(name) && byDefault.includes(name))
    if (left.length > 0) return left
    throw nothingLeft(
      host,
      keywords[0] ?? '',
      allowed,
      byDefault.filter((name) => all.some((one) => one === name)),
    )
  }
  const hostKeys = ssh2.SUPPORTED_SERVER_HOST_KEY.filter((name) => !weak.includes(name))
  return {
    kex: narrow(['KexAlgorithms'], ssh2.DEFAULT_KEX, ssh2.SUPPORTED_KEX),
    cipher: narrow(['Ciphers'], ssh2.DEFAULT_CIPHER, ssh2.SUPPORTED_CIPHER),
    hmac: narrow(['MACs'], ssh2.DEFAULT_MAC, ssh2.SUPPORTED_MAC),
    serverHostKey: narrow(['HostKeyAlgorithms'], hostKeys, hostKeys),
    publicKey: narrow<string>(['PubkeyAcceptedAlgorithms', 'PubkeyAcceptedKeyTypes'], hostKeys, hostKeys),
    leastRsaBits: Math.max(leastRsaBits, Number(found.value('requiredrsasize') ?? 0)),
  }
}

/** SHA-1 and DSA, which OpenSSH no longer takes. */
const weak: readonly string[] = ['ssh-rsa', 'ssh-dss']

function nothingLeft(
  host: string,
  keyword: string,
  allowed: readonly string[],
  supported: readonly string[],
): InputError {
  return new InputError({
    code: 'SSH_ALGORITHMS',
    what: `${keyword} of the SSH configuration leaves nothing that is supported here`,
    host,
    expected: `at least one of ${supported.join(', ')}`,
    observed: `${keyword} ${allowed.join(',')}`,
    hint: `allow one of these for ${host}; 'ssh -G -v ${host}' names the files of configuration that are read`,
  })
}
