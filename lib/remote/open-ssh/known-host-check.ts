import { algorithmsOf, fingerprint, keyTypeOf } from '../host-key.ts'
import type { Complaint, HostKeyCheck } from '../ssh-endpoint.ts'
import type { HostSettings } from './host-settings.ts'
import { knownName } from './known-hosts.ts'
import type { KnownHost } from './known-hosts.ts'

/** ssh2 can verify these; RSA with SHA-1 is left out, as OpenSSH does. */
const keyTypes = [
  'ssh-ed25519',
  ...['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  'ssh-rsa',
]

export interface CheckedHost {
  readonly settings: HostSettings
  /** For messages: what to type to log in with ssh once. */
  readonly sshCommand: string
}

/**
 * The host is the one its known_hosts lines tell, or it is refused: never laxer than `StrictHostKeyChecking yes`,
 * whatever ssh_config says, for nobody may be there to be asked.
 */
export function knownHostCheck(lines: readonly KnownHost[], host: CheckedHost): HostKeyCheck {
  const { hostname, port, hostKeyAlias } = host.settings
  const name = hostKeyAlias?.toLowerCase() ?? knownName(hostname, port)
  // A key known for the host without a port is good for another port, too, but a different one is no alarm there.
  const withoutPort = hostname.toLowerCase()
  const about = (line: KnownHost): boolean =>
    line.names(name) || (hostKeyAlias === undefined && line.names(withoutPort))
  const keys = lines.filter((line) => line.marker === undefined && line.blob !== undefined)
  const exact = keys.filter((line) => line.names(name))
  const usable = lines.filter(about)
  const context: Context = { ...host, name, exact, usable }
  return {
    algorithms: orderedAlgorithms(usable.filter((line) => line.marker === undefined)),
    refusal: (blob) => {
      const revoked = usable.find((line) => line.marker === 'revoked' && line.blob?.equals(blob) === true)
      if (revoked !== undefined) return revokedKey(context, blob, revoked)
      const known = (candidates: readonly KnownHost[]): boolean =>
        candidates.some((line) => line.marker === undefined && line.blob?.equals(blob) === true)
      if (known(exact) || (exact.length === 0 && known(usable))) return undefined
      return exact.length > 0 ? changedKey(context, blob) : unknownKey(context, blob)
    },
    noneOffered: () => ({
      what: `${name} has no host key of a kind that can be verified here`,
      expected: keyTypes.join(', '),
      observed: 'it offers none of them',
      hint: "make one on the host: 'ssh-keygen -A', then restart its sshd",
    }),
  }
}

interface Context extends CheckedHost {
  readonly name: string
  readonly exact: readonly KnownHost[]
  readonly usable: readonly KnownHost[]
}

/** First the kinds that are known for the host, or one with several keys would show an unknown one. */
function orderedAlgorithms(known: readonly KnownHost[]): HostKeyCheck['algorithms'] {
  const types = known.map((line) => line.keyType).filter((type) => keyTypes.includes(type))
  return [...new Set([...types, ...keyTypes])].flatMap(algorithmsOf)
}

function changedKey({ name, exact, sshCommand }: Context, blob: Buffer): Complaint {
  const files = [...new Set(exact.map((line) => line.place.file))]
  return {
    what: `THE HOST KEY OF ${name} HAS CHANGED: another machine may answer in its place`,
    expected: exact.map((line) => `${told(line.blob)} (${placed(line)})`).join(', or '),
    observed: told(blob),
    hint:
      'find out why before anything else; if the host was reinstalled: ' +
      `${files.map((file) => `ssh-keygen -R '${name}' -f ${file}`).join('; ')}; ` +
      `then '${sshCommand}' once, and compare the fingerprint`,
  }
}

function unknownKey({ name, usable, settings, sshCommand }: Context, blob: Buffer): Complaint {
  const kind = keyTypeOf(blob).replace(/^ssh-|-sha2-nistp\d+$/g, '')
  const port = settings.port === 22 ? '' : `-p ${settings.port} `
  const direct = settings.proxyJump.length === 0 && settings.hostKeyAlias === undefined
  const scan = `ssh-keyscan ${port}-t ${kind} ${settings.hostname} >>${settings.knownHostsFiles[0] ?? 'FILE'}`
  return {
    what: `the host key of ${name} is not known, so the host may be another one`,
    expected: `a line for ${name} in ${settings.knownHostsFiles.join(' or ')}`,
    observed: [told(blob), ...remarks(usable)].join('; '),
    hint: [
      `compare it with 'ssh-keygen -lf /etc/ssh/ssh_host_${kind}_key.pub' on the host; if it is the same, '${sshCommand}' once`,
      ...(direct ? [` or ${scan}`] : []),
      ...laxRemark(settings),
    ].join(''),
  }
}

function revokedKey({ name }: Context, blob: Buffer, revoked: KnownHost): Complaint {
  return {
    what: `THE HOST KEY OF ${name} IS REVOKED: whoever answers there has a key that is known to be stolen or withdrawn`,
    expected: 'a key that is not revoked',
    observed: `${told(blob)}, revoked at ${placed(revoked)}`,
    hint: 'do not log in; the host needs a new host key',
  }
}

/** Lines about the host that could not help. */
function remarks(usable: readonly KnownHost[]): string[] {
  return usable.flatMap((line) => {
    if (line.marker === 'cert-authority') {
      return [
        `${placed(line)} names an authority for certificates, which are not supported: add the host's own key`,
      ]
    }
    return line.blob === undefined ? [`${placed(line)} names the host, but its key cannot be read`] : []
  })
}

function laxRemark({ laxChecking }: HostSettings): string[] {
  if (laxChecking === undefined) return []
  const { value, place } = laxChecking
  return [
    ` ('StrictHostKeyChecking ${value}' at ${place.file}:${place.line} is not followed: unknown keys are refused)`,
  ]
}

function told(blob: Buffer | undefined): string {
  return blob === undefined ? '' : `${keyTypeOf(blob)} ${fingerprint(blob)}`
}

function placed({ place }: KnownHost): string {
  return `${place.file}:${place.line}`
}
