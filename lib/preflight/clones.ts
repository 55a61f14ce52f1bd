import type { HostFinding } from './host-findings.ts'
import type { KnownHost } from '../discovery/known-host.ts'
import { isOneMachine } from '../discovery/overlaps.ts'

/** Something that each machine makes for itself when it is first started, and that copies of a disk share. */
interface Identity {
  readonly name: string
  readonly of: (host: KnownHost) => readonly string[]
  readonly describe: (values: readonly string[]) => string
  readonly why: string
  readonly remedy: string
}

/**
 * The engine takes its id from the key in /etc/docker/key.json until 20.10, and writes it to engine-id in its data
 * folder since (moby `daemon/id.go`), the first time from that key if it is there: both files have to go.
 */
const identities: readonly Identity[] = [
  {
    name: 'SSH host key',
    of: ({ facts }) => facts.hostKeys,
    describe: (values) => values.join(', '),
    why: 'whoever has the key of one can pass for each of them',
    remedy:
      'on all but one: rm /etc/ssh/ssh_host_*_key*; ssh-keygen -A; systemctl restart ssh (sshd on Red Hat); then ssh-keygen -R HOST here, and compare the new fingerprint',
  },
  {
    name: 'engine id',
    of: ({ facts }) => (facts.engine.id === '' ? [] : [facts.engine.id]),
    describe: ([id = '']) => id,
    why: 'what watches engines by their id takes them for one, and the data folder was copied with whatever else is in it',
    remedy:
      'on all but one, with no container or swarm that is needed: systemctl stop docker; rm -f /etc/docker/key.json DATA/engine-id; systemctl start docker',
  },
]

/**
 * Machines that are copies of one disk, and share what should tell them apart: one finding for each identity and each
 * group of hosts. A machine that is reached by two names is one, and no copy; machine ids are told by `twins`.
 */
export function clones(hosts: readonly KnownHost[]): readonly HostFinding[] {
  return identities.flatMap((identity) => groups(hosts, identity).map((group) => finding(identity, group)))
}

interface Group {
  readonly hosts: readonly KnownHost[]
  readonly values: readonly string[]
}

/** Hosts by what they share; values that the same hosts share are told together. */
function groups(hosts: readonly KnownHost[], { of }: Identity): readonly Group[] {
  const holders = new Map<string, KnownHost[]>()
  for (const host of hosts) {
    for (const value of new Set(of(host))) {
      const known = holders.get(value) ?? []
      if (!known.some((other) => isOneMachine(other, host))) known.push(host)
      holders.set(value, known)
    }
  }
  const byHosts = new Map<string, { hosts: KnownHost[]; values: string[] }>()
  for (const [value, sharing] of holders) {
    if (sharing.length < 2) continue
    const key = sharing.map((host) => hosts.indexOf(host)).join()
    const group = byHosts.get(key) ?? { hosts: sharing, values: [] }
    group.values.push(value)
    byHosts.set(key, group)
  }
  return [...byHosts.values()]
}

function finding({ name, describe, why, remedy }: Identity, { hosts, values }: Group): HostFinding {
  const [first, ...others] = hosts.map(({ inventory }) => inventory.name)
  const folder = hosts[0]?.facts.engine.rootDirectory || '/var/lib/docker'
  return {
    host: others[0] ?? '',
    name: 'identity',
    status: 'warning',
    detail: `${[first, ...others].join(', ')} have the same ${name} (${describe(values)}), as clones do: ${why}`,
    hint: remedy.replace('DATA', folder),
  }
}
