import { isIPv4 } from 'node:net'
import { quote } from '../../script.ts'
import { algorithmsOf, fingerprint, keyTypeOf, rsaBits } from '../host-key.ts'
import type { Complaint, HostKeyCheck } from '../ssh-endpoint.ts'
import type { HostSettings } from './host-settings.ts'
import { findKnownHosts, findKnownHostsNow, knownName } from './known-hosts.ts'
import type { KnownHostsEntry } from './known-hosts.ts'
import { readRevokedKeys } from './revoked-keys.ts'
import type { RevokedKeys } from './revoked-keys.ts'

export interface CheckedHost {
  readonly settings: HostSettings
  /** Whether every file of known hosts must be there. */
  readonly filesRequired: boolean
  /** For messages: what to type to log in with ssh once. */
  readonly sshCommand: string
}

/**
 * The host is the one its known_hosts lines say, or it is refused: never laxer than `StrictHostKeyChecking yes`,
 * whatever ssh_config says, for nobody may be there to be asked.
 * @throws InputError for files that cannot be read
 */
export async function knownHostCheck(host: CheckedHost): Promise<HostKeyCheck> {
  const { hostname, port, hostKeyAlias, knownHostsFiles, algorithms, revokedHostKeys } = host.settings
  const name = hostKeyAlias?.toLowerCase() ?? knownName(hostname, port)
  // A key known for the host without a port is good for another port, too, but a different one is no alarm there.
  const withoutPort = hostKeyAlias === undefined ? hostname.toLowerCase() : name
  const names = [...new Set([name, withoutPort])]
  const usable = await findKnownHosts(knownHostsFiles, names, host.filesRequired)
  const exact = usable.filter((line) => line.name === name && isPlain(line))
  const context: Context = { ...host, name, exact, usable, revoked: readRevokedKeys(revokedHostKeys) }
  return {
    algorithms: orderedAlgorithms(usable.filter(isPlain), algorithms.serverHostKey),
    refusal: (blob, peer) => refusalOf(context, blob) ?? otherAddress(context, blob, peer),
    noneOffered: () => ({
      what: `${name} has no host key of a kind that can be verified here`,
      expected: algorithms.serverHostKey.join(', '),
      observed: 'it offers none of them',
      hint: "make one on the host: 'ssh-keygen -A', then restart its sshd",
    }),
  }
}

interface Context extends CheckedHost {
  readonly name: string
  /** Keys known for the very name. */
  readonly exact: readonly KnownHostsEntry[]
  readonly usable: readonly KnownHostsEntry[]
  readonly revoked: RevokedKeys
}

function refusalOf(context: Context, blob: Buffer): Complaint | undefined {
  const { usable, exact, settings } = context
  const revoked = usable.find((line) => line.marker === 'revoked' && line.blob?.equals(blob) === true)
  if (revoked !== undefined) return revokedKey(context, blob, placed(revoked))
  const file = context.revoked.revokes(blob)
  if (file !== undefined) return revokedKey(context, blob, file)
  const bits = rsaBits(blob)
  if (bits !== undefined && bits < settings.algorithms.leastRsaBits) return shortKey(context, blob, bits)
  const known = (candidates: readonly KnownHostsEntry[]): boolean =>
    candidates.some((line) => line.marker === undefined && line.blob?.equals(blob) === true)
  if (known(exact) || (exact.length === 0 && known(usable))) return undefined
  return exact.length > 0 ? changedKey(context, blob) : unknownKey(context, blob)
}

/** CheckHostIP: a different key that is known for the address. As ssh, not on the loopback and not behind a proxy. */
function otherAddress(context: Context, blob: Buffer, peer: string | undefined): Complaint | undefined {
  const { checkHostIp, hostname, port, knownHostsFiles } = context.settings
  if (!checkHostIp || peer === undefined || peer === hostname || isLoopback(peer)) return undefined
  const name = knownName(peer, port)
  const lines = findKnownHostsNow(knownHostsFiles, name)
  const differing = lines.filter(isPlain)
  const revoked = lines.find((line) => line.marker === 'revoked' && line.blob?.equals(blob) === true)
  if (revoked !== undefined) return revokedKey(context, blob, placed(revoked))
  if (differing.length === 0 || differing.some((line) => line.blob?.equals(blob) === true)) return undefined
  return {
    what: `the host key of ${context.name} differs from the key known for its address ${name} (CheckHostIP)`,
    expected: differing.map((line) => `${described(line.blob)} (${placed(line)})`).join(', or '),
    observed: described(blob),
    hint: `find out which host has the address; if the line is old: ssh-keygen -R '${name}' -f ${differing[0]?.place.file}`,
  }
}

function isLoopback(address: string): boolean {
  return isIPv4(address) ? address.startsWith('127.') : address === '::1' || address.startsWith('::ffff:127.')
}

function isPlain(line: KnownHostsEntry): boolean {
  return line.marker === undefined && line.blob !== undefined
}

/** First the kinds that are known for the host, or one with several keys would show an unknown one. */
function orderedAlgorithms(
  known: readonly KnownHostsEntry[],
  allowed: HostKeyCheck['algorithms'],
): HostKeyCheck['algorithms'] {
  const first = known.flatMap((line) => algorithmsOf(line.keyType)).filter((one) => allowed.includes(one))
  return [...new Set([...first, ...allowed])]
}

function changedKey({ name, exact, sshCommand }: Context, blob: Buffer): Complaint {
  const files = [...new Set(exact.map((line) => line.place.file))]
  return {
    what: `THE HOST KEY OF ${name} HAS CHANGED: another machine may answer in its place`,
    expected: exact.map((line) => `${described(line.blob)} (${placed(line)})`).join(', or '),
    observed: described(blob),
    hint:
      'find out why before anything else; if the host was reinstalled: ' +
      `${files.map((file) => `ssh-keygen -R '${name}' -f ${file}`).join('; ')}; ` +
      `then '${sshCommand}' once, and compare the fingerprint`,
  }
}

function unknownKey({ name, usable, settings, sshCommand }: Context, blob: Buffer): Complaint {
  const kind = keyTypeOf(blob).replace(/^ssh-|-sha2-nistp\d+$/g, '')
  const port = settings.port === 22 ? '' : `-p ${settings.port} `
  const direct =
    settings.proxyJump.length === 0 &&
    settings.proxyCommand === undefined &&
    settings.hostKeyAlias === undefined
  const files = settings.knownHostsFiles.filter((file) => file !== '/dev/null')
  const scan = `ssh-keyscan ${port}-t ${kind} ${settings.hostname} >>${quote(files[0] ?? 'FILE')}`
  // Of a file that ssh would not write to either, a login leaves no line.
  const login =
    files.length === 0
      ? 'write its line into a file of your own, give that with --known-hosts'
      : `'${sshCommand}' once`
  return {
    what: `the host key of ${name} is not known, so the host may be another one`,
    expected: `a line for ${name} in ${files.join(' or ') || 'a file given with --known-hosts'}`,
    observed: [described(blob), ...remarks(usable)].join('; '),
    hint: [
      `compare it with 'ssh-keygen -lf /etc/ssh/ssh_host_${kind}_key.pub' on the host; if it is the same, ${login}`,
      ...(direct ? [files.length === 0 ? `: ${scan}` : ` or ${scan}`] : []),
      ...laxRemark(settings),
    ].join(''),
  }
}

function revokedKey({ name }: Context, blob: Buffer, where: string): Complaint {
  return {
    what: `THE HOST KEY OF ${name} IS REVOKED: whoever answers there has a key that is known to be stolen or withdrawn`,
    expected: 'a key that is not revoked',
    observed: `${described(blob)}, revoked at ${where}`,
    hint: 'do not log in; the host needs a new host key',
  }
}

function shortKey({ name, settings }: Context, blob: Buffer, bits: number): Complaint {
  return {
    what: `the host key of ${name} is too short`,
    expected: `an RSA key of ${settings.algorithms.leastRsaBits} bits or more (RequiredRSASize), or one of another kind`,
    observed: `${described(blob)} of ${bits} bits`,
    hint: "make a longer one on the host: 'ssh-keygen -A' makes what is missing; then restart its sshd",
  }
}

/** Lines about the host that could not help. */
function remarks(usable: readonly KnownHostsEntry[]): string[] {
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
  return [` ('StrictHostKeyChecking ${laxChecking}' is not followed: unknown keys are refused)`]
}

function described(blob: Buffer | undefined): string {
  return blob === undefined ? '' : `${keyTypeOf(blob)} ${fingerprint(blob)}`
}

function placed({ place }: KnownHostsEntry): string {
  return `${place.file}:${place.line}`
}
