import { type Command, Option } from 'commander'
import { InputError, unknownName } from '../error.ts'
import type { Inventory } from '../discovery/inventory.ts'
import { readInventory } from '../discovery/inventory/read-inventory.ts'
import { inventoryOfWords } from '../discovery/inventory/words.ts'
import type { SshClientOptions } from '../remote/open-ssh/connect.ts'

/** Flags of every command that works on existing hosts. */
export interface HostFlags {
  readonly inventory?: string
  readonly sshConfig?: string
  readonly knownHosts?: string[]
}

export function withHostOptions(command: Command): Command {
  return command
    .addOption(new Option('-i, --inventory <file>', 'hosts from a file: our YAML, or Ansible’s YAML or INI'))
    .addOption(
      new Option(
        '--ssh-config <file>',
        'as `ssh -F`: instead of ~/.ssh/config and the system’s; none for no file',
      ),
    )
    .addOption(new Option('--known-hosts <file...>', 'instead of ~/.ssh/known_hosts'))
}

/**
 * The hosts meant: words alone are hosts to log in to; with an inventory they choose from it.
 * @throws InputError
 */
export function givenHosts(words: readonly string[], { inventory: file }: HostFlags): Inventory {
  if (file === undefined) {
    if (words.length > 0) return inventoryOfWords(words)
    throw new InputError({
      code: 'NO_HOSTS',
      what: 'no hosts are given',
      hint: 'name them as user@host, one manager of a running swarm suffices, or give --inventory FILE',
    })
  }
  const whole = readInventory(file)
  if (words.length === 0) return whole
  const names = whole.hosts.map(({ name }) => name)
  for (const word of words) if (!names.includes(word)) throw unknownName(`host of ${file}`, word, names)
  return { ...whole, hosts: whole.hosts.filter(({ name }) => words.includes(name)) }
}

export function clientOptions(flags: HostFlags, signal: AbortSignal): SshClientOptions {
  return {
    signal,
    ...(flags.sshConfig === undefined ? {} : { configFile: flags.sshConfig }),
    ...(flags.knownHosts === undefined ? {} : { knownHostsFiles: flags.knownHosts }),
  }
}

/** The same flags as words, for the command that does it again. */
export function hostWords(words: readonly string[], flags: HostFlags): string[] {
  return [
    ...words,
    ...(flags.inventory === undefined ? [] : ['--inventory', flags.inventory]),
    ...(flags.sshConfig === undefined ? [] : ['--ssh-config', flags.sshConfig]),
    ...(flags.knownHosts === undefined ? [] : ['--known-hosts', ...flags.knownHosts]),
  ]
}

export const inventoryHelp = `
Hosts are named as [user@]host[:port], or come from an inventory:
  our own, YAML     hosts: { m1: { address: deploy@192.0.2.1, role: manager }, w1: 192.0.2.2 }
                    keys of a host: address, user, port, key, jump, become, role, advertise, data_path;
                    defaults: { user: deploy, key: ~/.ssh/lab } holds for all of them
  Ansible, YAML     all: { children: { managers: { hosts: ... }, workers: { hosts: ... } } }
  Ansible, INI      [managers] and [workers] with their hosts, [group:vars], [group:children], web[01:03]
A file that ends in .yml, .yaml or .json is YAML, one in .ini is INI; without an ending its content tells. Ours has a
key 'hosts' at its top, Ansible's has groups. Groups for managers and workers: managers, swarm_managers,
docker_swarm_manager and so on, workers likewise; group_vars/ and host_vars/ beside the file are read.`
