import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readTcpdumpReport, tcpdumpComplaint } from '../capture/tcpdump-report.ts'
import { parseInventory } from '../discovery/inventory/read-inventory.ts'
import { parseHostFacts } from '../discovery/read-host-facts.ts'
import { parseHostState } from '../observe/read-host-state.ts'
import { parseIpvsTimers } from '../observe/read-ipvs-timers.ts'
import { parseFirewall } from '../observe/firewall.ts'
import { parseIpvs } from '../observe/ipvs.ts'
import { parseSecurityAssociations, parseSecurityPolicies } from '../observe/xfrm.ts'
import { packageRoot } from '../package-root.ts'
import { readSections } from '../remote/sections.ts'
import { decodeResult } from '../probe/agent-protocol.ts'
import { parseTopology } from '../topology/read-topology.ts'
import type { Target } from './fuzz.fake.ts'
import { literalsOf, mutateText, pick } from './mutate.fake.ts'

function files(folder: string): string[] {
  const path = join(packageRoot(), folder)
  return readdirSync(path)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => readFileSync(join(path, name), 'utf8'))
}

const topologies = [...files('topologies'), ...files('topologies'), ...files('topologies/invalid')]

/** Sound ones, beside those that tests refuse. */
const soundYaml = [
  'all:\n  children:\n    managers:\n      hosts:\n        m1: {ansible_host: 192.0.2.1, ansible_user: ops}\n    workers:\n      hosts:\n        w[1:3].example.net:\n      vars:\n        ansible_port: 2222\n        ansible_ssh_common_args: -J bastion -i ~/.ssh/lab\n  vars:\n    ansible_become: true\n',
  'defaults: {user: deploy, key: [~/.ssh/lab], become: true, jump: [a, b]}\nhosts:\n  manager1: {address: 192.0.2.1, role: manager, advertise: 10.0.0.1, port: 2222}\n  worker1: ops@192.0.2.2:2022\n  worker2:\n',
]
const soundIni = [
  'm1 ansible_host=192.0.2.1 ansible_user=ops\n[managers]\nm1\n[workers]\nw[1:3].example.net:2222 a="b c"\n[swarm:children]\nmanagers\nworkers\n[swarm:vars]\nansible_user={{ user }}\nuser=ops\nansible_ssh_common_args=-o ProxyCommand="ssh -W %h:%p bastion"\n',
]
const tested = literalsOf('lib/discovery/inventory').filter((text) => text.length > 20)
const inventories = [...tested, ...soundIni, ...soundYaml]
const ofFile: Readonly<Record<string, readonly string[]>> = {
  'hosts.yml': [...tested, ...Array.from({ length: 10 }, () => soundYaml).flat()],
  'hosts.ini': [...tested, ...Array.from({ length: 10 }, () => soundIni).flat()],
}
const observed = literalsOf('lib/observe')
/** As the facts script prints it, shortened. */
const info = JSON.stringify({
  ID: '5e0a1f5c-6d5c-4b2e-9b3c-0d7f8f9a1c22',
  DockerRootDir: '/var/lib/docker',
  OperatingSystem: 'Debian GNU/Linux 13 (trixie)',
  Swarm: {
    NodeID: 'q1n2',
    NodeAddr: '10.0.5.1',
    LocalNodeState: 'active',
    ControlAvailable: true,
    Cluster: { ID: 'c1' },
  },
})
const facts = [
  `@@ clock 1795266188100000000\n@@ system\nhostname m1\narchitecture x86_64\nkernel 6.12.1\nuid 0\nmachine 3d1219c7\nprocessors 4\nMemTotal 4096000\n@@ host-keys\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF7nyYf7EOyGgx17PfjdPwBvWx0jM2QFRoZmu7h55lj2\n@@ tools\nip /usr/sbin/ip\nethtool /usr/sbin/ethtool\n@@ engine\n{"Version":"28.5.2","ApiVersion":"1.51"}\n@@ info\n${info}\n@@ networks\n"bridge" "bridge" "local" [{"Subnet":"172.17.0.0/16","Gateway":"172.17.0.1"}]\n"host" "host" "local" null\n@@ data-path 10.0.6.1\n@@ disk\n/dev/vda1 264212084 45575516 60815396 43% /var/lib/docker\n@@ addresses\n[{"ifname":"ens192","flags":["UP"],"mtu":1500,"addr_info":[{"local":"10.0.5.1","prefixlen":24}]}]\n@@ routes\n[{"dst":"default","gateway":"10.0.5.254","dev":"ens192"}]\n@@ card ens192 vmxnet3\ntx-checksum-ip-generic\n@@ sockets\ntcp 0949\n@@ modules\nloaded vxlan\nlist dep\ndep ip_vs\n@@ firewall\nmanager ufw\nnft input drop\n@@ clock 1795266188300000000\n@@ end\n`,
]
const result = 'result 1 0 answered 0 1000000 250 10.91.1.6 40000 5 68656c6c6f'
const tcpdump =
  'tcpdump: listening on eth1, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n12 packets captured\n12 packets received by filter\n0 packets dropped by kernel\n3 packets dropped by interface\n'

const text = (
  kind: Target['kind'],
  name: string,
  seeds: readonly string[],
  read: (text: string) => unknown,
): Target => ({
  kind,
  name,
  run: (random) => JSON.stringify(read(mutateText(seeds, random))) ?? '',
})

export const textTargets: readonly Target[] = [
  text('topologies', 'YAML', topologies, (input) => parseTopology(input, 'lab.yaml')),
  ...['hosts.yml', 'hosts.ini', 'hosts'].map((file) =>
    text('inventories', file, ofFile[file] ?? inventories, (input) => parseInventory(input, file)),
  ),
  {
    kind: 'inventories',
    name: 'group_vars and host_vars',
    run: (random) => {
      const folder = mkdtempSync(join(tmpdir(), 'swarmproof-fuzz-'))
      try {
        for (const [kind, name] of [
          ['host_vars', 'm1'],
          ['group_vars', 'managers.yml'],
          ['group_vars', 'all'],
        ] as const) {
          mkdirSync(join(folder, kind), { recursive: true })
          writeFileSync(
            join(folder, kind, name),
            mutateText(['ansible_user: a\nansible_port: 22\nansible_become: yes\n'], random),
          )
        }
        const inventory = pick(random, [
          '[managers]\nm1\nm2\n',
          mutateText(['[managers]\nm1\n[all:vars]\na=b\n'], random),
        ])
        return JSON.stringify(parseInventory(inventory, join(folder, 'hosts'))).replaceAll(folder, '')
      } catch (error) {
        throw Object.assign(error as Error, { message: (error as Error).message.replaceAll(folder, '') })
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  },
  text(
    'agent',
    'results',
    [result, result.replace('answered', 'timeout'), 'start 123', 'done'],
    decodeResult,
  ),
  text('agent', 'tcpdump', [tcpdump], (input) => [readTcpdumpReport(input), tcpdumpComplaint(input)]),
  text('agent', 'kernel state', observed, (input) =>
    parseHostState('m1', readSections(input.endsWith('@@ end\n') ? input : `${input}\n@@ end\n`, '@@')),
  ),
  text('agent', 'parts of the kernel state', observed, (input) => {
    const lines = input.split('\n')
    return [
      parseFirewall(lines),
      parseIpvs(lines),
      parseSecurityAssociations(lines),
      parseSecurityPolicies(lines),
      parseIpvsTimers(input),
    ]
  }),
  text('agent', 'facts of hosts', facts, (input) =>
    parseHostFacts('m1', readSections(input, '@@'), { startedMs: 0, endedMs: 1 }),
  ),
]
