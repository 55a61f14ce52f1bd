import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { InputError } from '../../error.ts'
import type { Inventory } from '../inventory.ts'
import { parseInventory, readInventory } from './read-inventory.ts'
import { inventoryOfWords } from './words.ts'

function problemsOf(text: string, file = 'hosts'): readonly string[] {
  try {
    parseInventory(text, file)
  } catch (error) {
    expect(error).to.be.instanceOf(InputError)
    return (error as InputError).message.split('\n')
  }
  throw new Error('was accepted')
}

const users = ({ hosts }: Inventory): object =>
  Object.fromEntries(hosts.map(({ name, destination }) => [name, destination.user ?? '-']))

describe('inventory', () => {
  describe('of words', () => {
    it('takes user, host and port', () => {
      const { hosts } = inventoryOfWords(['ops@a.example.net:2222', '192.0.2.7'])
      expect(hosts).to.deep.equal([
        {
          name: 'a.example.net',
          destination: { name: 'a.example.net', hostname: 'a.example.net', user: 'ops', port: 2222 },
        },
        { name: '192.0.2.7', destination: { name: '192.0.2.7', hostname: '192.0.2.7' } },
      ])
    })

    it('tells hosts behind one forwarding address apart, and refuses one named twice', () => {
      const { hosts } = inventoryOfWords(['root@bastion:2201', 'root@bastion:2202'])
      expect(hosts.map(({ name }) => name)).to.deep.equal(['bastion:2201', 'bastion:2202'])
      expect(hosts[0]?.destination.name).to.equal('bastion:2201')
      expect(() => inventoryOfWords(['ops@a', 'root@a'])).to.throw("'ops@a' and 'root@a' are the same host")
    })

    it('refuses what is no host', () => {
      for (const word of ['', 'a b', 'ops@', '-oProxyCommand=x', 'a:99999']) {
        expect(() => inventoryOfWords([word]), word).to.throw(InputError, 'does not name an SSH host')
      }
    })
  })

  describe('of our own', () => {
    it('reads a map with defaults, and a list', () => {
      const map = parseInventory(
        `
defaults: { user: deploy, key: [~/.ssh/lab, keys/lab], become: true, jump: [a, b] }
hosts:
  manager1: { address: 192.0.2.1, role: manager, advertise: 10.0.0.1, data_path: 10.0.1.1, port: 2222 }
  worker1: ops@192.0.2.2:2022
  worker2:
`,
        'lab/hosts.yml',
      )
      const shared = {
        user: 'deploy',
        identityFiles: [join(homedir(), '.ssh/lab'), join('lab', 'keys/lab')],
        become: true,
        proxyJump: 'a,b',
      }
      expect(map.hosts).to.deep.equal([
        {
          name: 'manager1',
          destination: { ...shared, name: 'manager1', hostname: '192.0.2.1', port: 2222 },
          role: 'manager',
          advertise: '10.0.0.1',
          dataPath: '10.0.1.1',
        },
        {
          name: 'worker1',
          destination: { ...shared, name: 'worker1', hostname: '192.0.2.2', user: 'ops', port: 2022 },
        },
        { name: 'worker2', destination: { ...shared, name: 'worker2', hostname: 'worker2' } },
      ])
      const list = parseInventory('hosts: [a.example, { address: ops@b.example, name: b }]', 'x.yaml')
      expect(users(list)).to.deep.equal({ 'a.example': '-', b: 'ops' })
    })

    it('names line, key and what was meant', () => {
      const problems = problemsOf(
        `hosts:
  a: { adress: 192.0.2.1 }
  b: { address: 192.0.2.2, role: boss, port: 70000, advertise: 10.0.0.0/24 }
  c: { address: 192.0.2.2 }
  d: [1]
  e: { become: maybe }
host: x
`,
        'i.yml',
      )
      expect(problems).to.deep.equal([
        "i.yml:2: hosts.a.adress: unknown key, did you mean 'address'?; valid: address, user, port, key, jump, become, role, advertise, data_path",
        'i.yml:3: hosts.b.port: must be a whole number from 1 to 65535, is 70000',
        "i.yml:3: hosts.b.role: must be manager or worker, is 'boss'",
        "i.yml:3: hosts.b.advertise: must be an IPv4 address of the host, without prefix length or port, is '10.0.0.0/24'",
        "i.yml:4: hosts.c: is reached at the same address as 'b'",
        'i.yml:5: hosts.d: must be a map of keys and values, is a list',
        "i.yml:6: hosts.e.become: must be true or false, is 'maybe'",
        "i.yml:7: host: unknown key, did you mean 'hosts'?; valid: hosts, defaults",
      ])
    })

    it('refuses an empty file, no hosts, no YAML and no file', () => {
      expect(problemsOf('', 'i.yml')).to.deep.equal(['i.yml:1: the file is empty; needed: hosts'])
      expect(problemsOf('defaults: {}', 'i.yml')[0]).to.equal(
        'i.yml:1: hosts: is missing; a list or a map of hosts is needed',
      )
      expect(problemsOf('hosts: {}', 'i.yml')[0]).to.contain('at least one host is needed')
      expect(problemsOf('hosts: [', 'i.yml')[0]).to.match(/^i.yml:1: not valid YAML: /)
      expect(() => readInventory('/nowhere/hosts.yml')).to.throw(
        InputError,
        'cannot read inventory /nowhere/hosts.yml',
      )
    })
  })
})
