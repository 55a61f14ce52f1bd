import type { SshDestination } from '../../remote/open-ssh/destination.ts'
import type { InventoryHost } from '../inventory.ts'
import type { AnsibleValue, AnsibleVars } from './ansible-groups.ts'
import { type Reader, Templates } from './ansible-templates.ts'
import { keyFile } from './key-file.ts'
import { isIpv4 } from './own-yaml.ts'
import { readSshArguments } from './ssh-arguments.ts'

/** Variables that say how a host is reached, newest name first. */
const names = {
  host: ['ansible_host', 'ansible_ssh_host'],
  port: ['ansible_port', 'ansible_ssh_port'],
  user: ['ansible_user', 'ansible_ssh_user'],
  key: ['ansible_ssh_private_key_file', 'ansible_private_key_file'],
  become: ['ansible_become', 'ansible_sudo'],
  becomeUser: ['ansible_become_user', 'ansible_sudo_user'],
  becomeMethod: ['ansible_become_method'],
  connection: ['ansible_connection'],
  advertise: ['swarmproof_advertise'],
  dataPath: ['swarmproof_data_path'],
} as const

/** In the order Ansible gives them to ssh, for which the first one counts. */
const argumentNames = ['ansible_ssh_args', 'ansible_ssh_common_args', 'ansible_ssh_extra_args']
/** Newest first; what turns the check of host keys off. */
const checkingNames = ['ansible_ssh_host_key_checking', 'ansible_host_key_checking']
const secretNames = [
  ...['ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password', 'ansible_ssh_private_key'],
  ...['ansible_become_password', 'ansible_become_pass', 'ansible_sudo_pass'],
]
const overSsh = [
  'ssh',
  'smart',
  'paramiko',
  'paramiko_ssh',
  'ansible.builtin.ssh',
  'ansible.builtin.paramiko_ssh',
]

/** The host its variables describe; what they say wrongly is complained about. */
export function ansibleHost(
  name: string,
  vars: AnsibleVars,
  inventory: string,
  reader: Reader,
): InventoryHost {
  const templates = new Templates(name, vars, inventory, reader)
  const filled = (key: string): AnsibleValue | undefined => templates.fill(key)
  const first = (of: keyof typeof names): Found | undefined => {
    const key = names[of].find((one) => vars.has(one))
    const value = key === undefined ? undefined : filled(key)
    return key === undefined || value === undefined ? undefined : { ...value, key }
  }
  const connection = first('connection')
  if (connection !== undefined && !overSsh.includes(connection.text)) {
    const what =
      connection.text === 'local' ? 'this machine itself cannot be verified' : 'only ssh is supported'
    reader.complain(
      connection,
      connection.key,
      `connection '${connection.text}' of host '${name}' is not supported: ${what}`,
    )
  }
  for (const key of secretNames) {
    if (vars.has(key))
      reader.warn(`${key} is not used: keys and the agent log in, and \`sudo -n\` must do without a password`)
  }
  const unchecked = checkingNames.find((key) => truths[filled(key)?.text.toLowerCase() ?? ''] === false)
  if (unchecked !== undefined)
    reader.warn(`${unchecked} is not followed: keys of hosts are always checked; add them to known_hosts`)
  const given = fromArguments(argumentNames.map(filled), name, reader)
  const host = first('host')?.text ?? name
  const own = dropUndefined({
    user: first('user')?.text ?? given.user,
    port: portOf(first('port'), reader) ?? given.port,
    identityFiles: keysOf(first('key')?.text, given.identityFiles),
    proxyJump: given.proxyJump,
    configFile: given.configFile,
    options: given.options.length === 0 ? undefined : given.options,
    become: becomes(first('become'), first('becomeUser'), first('becomeMethod'), reader),
  })
  return {
    name,
    destination: { name, hostname: host, ...own },
    ...dropUndefined({
      advertise: address(first('advertise'), reader),
      dataPath: address(first('dataPath'), reader),
    }),
  }
}

type Found = AnsibleValue & { readonly key: string }

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

function dropUndefined<T extends object>(record: T): Defined<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Defined<T>
}

interface FromArguments {
  readonly proxyJump: string | undefined
  readonly identityFiles: readonly string[]
  readonly user: string | undefined
  readonly port: number | undefined
  readonly configFile: string | undefined
  readonly options: readonly string[]
}

function fromArguments(
  values: readonly (AnsibleValue | undefined)[],
  host: string,
  reader: Reader,
): FromArguments {
  let result: FromArguments = {
    ...{ proxyJump: undefined, user: undefined, port: undefined, configFile: undefined },
    ...{ identityFiles: [], options: [] },
  }
  values.forEach((value, index) => {
    if (value === undefined) return
    const key = argumentNames[index] ?? ''
    const read = readSshArguments(value.text)
    if (typeof read === 'string')
      return reader.complain(value, key, `${read}: '${value.text}' (host '${host}')`)
    if (read.ignored.length > 0) {
      reader.warn(`of ${key}, ${read.ignored.map((one) => `'${one}'`).join(', ')} is not followed`)
    }
    const port = read.port === undefined ? undefined : portOf({ ...value, key, text: read.port }, reader)
    result = {
      proxyJump: result.proxyJump ?? read.proxyJump,
      identityFiles: [...result.identityFiles, ...read.identityFiles],
      user: result.user ?? read.user,
      port: result.port ?? port,
      configFile: result.configFile ?? read.configFile,
      options: [...result.options, ...read.options],
    }
  })
  return result
}

function portOf(value: Found | undefined, reader: Reader): number | undefined {
  if (value === undefined) return undefined
  const port = Number(value.text)
  if (/^\d+$/.test(value.text) && port >= 1 && port <= 65_535) return port
  reader.complain(value, value.key, `must be a port from 1 to 65535, is '${value.text}'`)
  return undefined
}

/** Ansible hands the name to ssh, which starts relative ones where it was called. */
function keysOf(given: string | undefined, more: readonly string[]): SshDestination['identityFiles'] {
  const all = [...(given === undefined ? [] : [given]), ...more]
  if (all.length === 0) return undefined
  return all.map((name) => keyFile(name, process.cwd()))
}

const truths: Readonly<Record<string, boolean>> = {
  ...{ true: true, yes: true, on: true, '1': true, y: true, t: true },
  ...{ false: false, no: false, off: false, '0': false, n: false, f: false },
}

function becomes(
  become: Found | undefined,
  user: Found | undefined,
  method: Found | undefined,
  reader: Reader,
): boolean | undefined {
  if (become === undefined) return undefined
  const truth = truths[become.text.toLowerCase()]
  if (truth === undefined) reader.complain(become, become.key, `must be true or false, is '${become.text}'`)
  if (truth === true && method !== undefined && !/^(ansible\.builtin\.)?sudo$/.test(method.text)) {
    reader.complain(method, method.key, `'${method.text}' is not supported; valid: sudo`)
  }
  if (truth === true && user !== undefined && user.text !== 'root') {
    reader.complain(user, user.key, `'${user.text}' cannot read what must be read; valid: root`)
  }
  return truth
}

function address(value: Found | undefined, reader: Reader): string | undefined {
  if (value === undefined || isIpv4(value.text)) return value?.text
  reader.complain(value, value.key, `must be an IPv4 address of the host, is '${value.text}'`)
  return undefined
}
