import { promisify } from 'node:util'
import ssh2 from 'ssh2'
import type { ParsedKey } from 'ssh2'
import { algorithmsOf, fingerprint, keyTypeOf, rsaBits } from '../host-key.ts'
import type { HostSettings } from './host-settings.ts'
import { KeyFileProblem, readKeyFile } from './key-file.ts'
import type { KeyFile } from './key-file.ts'
import type { KeyRing } from './key-ring.ts'

/** A key to log in with, wherever its private half is. */
export interface Identity {
  readonly publicBlob: Buffer
  /** For messages: where it is and its fingerprint. */
  readonly label: string
  sign(data: Buffer, hash: string | undefined): Promise<Buffer>
}

export interface Identities {
  readonly usable: readonly Identity[]
  /** Keys that are there and cannot be used, with the reason. */
  readonly problems: readonly string[]
}

export interface IdentitySources {
  readonly agentSocket: string | undefined
  readonly keyRing: KeyRing
  readonly uid: number
}

/** In ssh's order: keys of the agent that ssh_config names, its others unless IdentitiesOnly, then keys in files. */
export async function identitiesFor(settings: HostSettings, sources: IdentitySources): Promise<Identities> {
  const { files, problems } = readFiles(settings, sources.uid)
  const agent = await agentKeys(settings, sources.agentSocket, problems)
  const isNamed = (key: Identity): boolean => files.some((file) => file.publicBlob.equals(key.publicBlob))
  const fromAgent = [
    ...agent.filter(isNamed),
    ...(settings.identitiesOnly ? [] : agent.filter((key) => !isNamed(key))),
  ]
  const fromFiles = files
    .filter((file) => !agent.some((key) => key.publicBlob.equals(file.publicBlob)))
    .filter((file) => file.state !== 'public-only')
    .map((file) => fileIdentity(file, sources.keyRing))
  const all = [...fromAgent, ...fromFiles]
  const unfit = new Map(all.map((key) => [key, notAllowed(key.publicBlob, settings)]))
  for (const [key, why] of unfit) if (why !== undefined) problems.push(`${key.label} ${why}`)
  return { usable: all.filter((key) => unfit.get(key) === undefined), problems }
}

/** Why a key may not be used here, though it is there. */
function notAllowed(blob: Buffer, { algorithms }: HostSettings): string | undefined {
  const bits = rsaBits(blob)
  if (bits !== undefined && bits < algorithms.leastRsaBits)
    return `has ${bits} bits, and RequiredRSASize is ${algorithms.leastRsaBits}`
  const allowed = algorithmsOf(keyTypeOf(blob)).some((name) => algorithms.publicKey.includes(name))
  return allowed ? undefined : 'is of a kind that PubkeyAcceptedAlgorithms does not allow'
}

function readFiles(settings: HostSettings, uid: number): { files: KeyFile[]; problems: string[] } {
  const files: KeyFile[] = []
  const problems: string[] = []
  for (const { path, from } of settings.identityFiles) {
    try {
      const file = readKeyFile(path, uid)
      if (file !== undefined) files.push(file)
      else if (from !== 'default') problems.push(`${path} is not there`)
    } catch (error) {
      if (!(error instanceof KeyFileProblem)) throw error
      problems.push(`${path} ${error.message}`)
    }
  }
  return { files, problems }
}

async function agentKeys(
  settings: HostSettings,
  socket: string | undefined,
  problems: string[],
): Promise<Identity[]> {
  const path = settings.agentSocket ?? socket
  if (path === undefined || path === false || path === '') return []
  const agent = new ssh2.OpenSSHAgent(path)
  try {
    const keys = (await promisify(agent.getIdentities.bind(agent))()) as ParsedKey[] | undefined
    return (keys ?? []).map((key) => agentIdentity(agent, key))
  } catch {
    problems.push(`the agent at ${path} does not answer`)
    return []
  }
}

type SignByAgent = (
  key: ParsedKey,
  data: Buffer,
  // ssh2 passes the hash on to the agent; its types do not tell.
  options: { hash?: string },
  done: (error: Error | null | undefined, signature?: Buffer) => void,
) => void

function agentIdentity(agent: InstanceType<typeof ssh2.OpenSSHAgent>, key: ParsedKey): Identity {
  const publicBlob = key.getPublicSSH()
  const sign = promisify((agent.sign as SignByAgent).bind(agent))
  return {
    publicBlob,
    label: label(`'${key.comment}' of the agent`, publicBlob),
    sign: async (data, hash) => {
      const signature = await sign(key, data, hash === undefined ? {} : { hash })
      if (signature === undefined) throw new Error('the agent gave no signature')
      return signature
    },
  }
}

function fileIdentity(file: KeyFile, keyRing: KeyRing): Identity {
  return {
    publicBlob: file.publicBlob,
    label: label(file.path, file.publicBlob),
    sign: async (data, hash) => {
      const signature = (await keyRing.open(file)).sign(data, hash) as Buffer | Error
      if (signature instanceof Error) throw new KeyFileProblem(`cannot sign: ${signature.message}`)
      return signature
    },
  }
}

function label(where: string, blob: Buffer): string {
  return `${where} (${keyTypeOf(blob).replace(/^ssh-/, '')} ${fingerprint(blob)})`
}
