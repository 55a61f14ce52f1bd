import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { InputError } from '../../error.ts'
import type { Inventory } from '../inventory.ts'
import { parseInventory, readInventory } from './read-inventory.ts'

function problemsOf(text: string, file = 'hosts'): readonly string[] {
  try {
    parseInventory(text, file)
  } catch (error) {
    expect(error).to.be.instanceOf(InputError)
    return (error as InputError).message.split('\n')
  }
  throw new Error('was accepted')
}

const roles = ({ hosts }: Inventory): object =>
  Object.fromEntries(hosts.map(({ name, role }) => [name, role ?? '-']))
const users = ({ hosts }: Inventory): object =>
  Object.fromEntries(hosts.map(({ name, destination }) => [name, destination.user ?? '-']))

describe('inventory of Ansible', () => {
  const ini = `
; a swarm as Ansible sees it
bastion.example.net

[swarm_managers]
m1 ansible_host=192.0.2.1 ansible_port=2222
[docker-swarm-workers]
web[01:03].example.net   # a trailing comment
w-[a:b] ansible_user="night shift" ansible_become=no

[eu:children]
swarm_managers
docker-swarm-workers

[eu:vars]
ansible_user=deploy
ansible_become=true
ansible_ssh_private_key_file='~/.ssh/eu key'

[swarm_managers:vars]
ansible_user=admin

[all:vars]
ansible_user=nobody
ansible_ssh_common_args=-o ProxyJump=ops@bastion.example.net:2022 -o StrictHostKeyChecking=no
`

  describe('in INI', () => {
    it('reads groups, ranges, ports and variables with their precedence', () => {
      const inventory = parseInventory(ini, 'hosts')
      expect(roles(inventory)).to.deep.equal({
        m1: 'manager',
        'web01.example.net': 'worker',
        'web02.example.net': 'worker',
        'web03.example.net': 'worker',
        'w-a': 'worker',
        'w-b': 'worker',
      })
      expect(users(inventory)).to.deep.include({
        m1: 'admin',
        'web02.example.net': 'deploy',
        'w-b': 'night shift',
      })
      expect(inventory.hosts[0]?.destination).to.deep.equal({
        name: 'm1',
        hostname: '192.0.2.1',
        port: 2222,
        user: 'admin',
        identityFiles: [join(homedir(), '.ssh/eu key')],
        options: ['ProxyJump=ops@bastion.example.net:2022'],
        become: true,
      })
      expect(inventory.hosts[4]?.destination.become).to.equal(false)
      expect(inventory.warnings).to.deep.equal([
        "of ansible_ssh_common_args, '-o StrictHostKeyChecking=no' is not followed",
        'in no group for managers, workers or a swarm, and left out: bastion.example.net',
      ])
    })

    it('hands the arguments of ssh to ssh, word by word', () => {
      const read = (args: string): { destination: unknown; warnings: readonly string[] } => {
        const { hosts, warnings } = parseInventory(`h ansible_ssh_common_args=${args}`, 'hosts')
        return {
          destination: hosts[0]?.destination,
          warnings: warnings.filter((one) => !one.includes('no group')),
        }
      }
      const here = { name: 'h', hostname: 'h' }
      expect(read(`'-o ProxyCommand="ssh -W %h:%p -q -p 2022 ops@gate.example"'`)).to.deep.equal({
        destination: { ...here, options: ['ProxyCommand=ssh -W %h:%p -q -p 2022 ops@gate.example'] },
        warnings: [],
      })
      expect(read(`'-J a,b -C -4 -F /f -l me -p 23 -i /k -c aes256-ctr'`)).to.deep.equal({
        destination: {
          ...{ ...here, user: 'me', port: 23, identityFiles: ['/k'], proxyJump: 'a,b', configFile: '/f' },
          options: ['AddressFamily=inet', 'Ciphers=aes256-ctr'],
        },
        warnings: [],
      })
      // What Ansible gives by itself.
      expect(read(`'-C -o ControlMaster=auto -oControlPersist=60s -o "ConnectTimeout 7"'`)).to.deep.equal({
        destination: { ...here, options: ['ControlMaster=auto', 'ControlPersist=60s', 'ConnectTimeout 7'] },
        warnings: [],
      })
      expect(
        read(`'-A -L 1:a:2 -oForwardAgent=yes -oStrictHostKeyChecking=accept-new'`).warnings,
      ).to.deep.equal([
        "of ansible_ssh_common_args, '-A', '-L 1:a:2', '-o ForwardAgent=yes', '-o StrictHostKeyChecking=accept-new' is not followed",
      ])
      expect(problemsOf(`h ansible_ssh_extra_args='-o'`)[0]).to.contain('-o lacks its value')
    })

    it('lets the first of several arguments count, as ssh does in the order of Ansible', () => {
      const { hosts } = parseInventory(
        `h ansible_ssh_extra_args='-o Port=3' ansible_ssh_common_args='-o Port=2 -J b' ansible_ssh_args='-o Port=1 -J a'`,
        'hosts',
      )
      expect(hosts[0]?.destination).to.deep.include({
        options: ['Port=1', 'Port=2', 'Port=3'],
        proxyJump: 'a',
      })
    })

    it('says that keys of hosts are checked all the same', () => {
      for (const name of ['ansible_host_key_checking', 'ansible_ssh_host_key_checking']) {
        const { warnings, hosts } = parseInventory(`h ${name}=False`, 'hosts')
        expect(warnings[0]).to.equal(
          `${name} is not followed: keys of hosts are always checked; add them to known_hosts`,
        )
        expect(hosts[0]?.destination).to.deep.equal({ name: 'h', hostname: 'h' })
        expect(parseInventory(`h ${name}=True`, 'hosts').warnings.join()).not.to.contain(name)
      }
    })

    it('takes all hosts where no group says which', () => {
      const inventory = parseInventory('a\nb:2222\n[db]\nc', 'hosts')
      expect(roles(inventory)).to.deep.equal({ a: '-', b: '-', c: '-' })
      expect(inventory.hosts[1]?.destination.port).to.equal(2222)
      expect(inventory.warnings[0]).to.contain('no group is called as managers or workers usually are')
    })

    it('merges groups of one level by priority, then by name', () => {
      const text = (priority: string): string =>
        `[a_group]\nh\n[b_group]\nh\n[a_group:vars]\nansible_user=a\n${priority}[b_group:vars]\nansible_user=b`
      expect(users(parseInventory(text(''), 'hosts'))).to.deep.equal({ h: 'b' })
      expect(users(parseInventory(text('ansible_group_priority=10\n'), 'hosts'))).to.deep.equal({ h: 'a' })
    })

    it('fills in plain names, and refuses other templates', () => {
      const inventory = parseInventory(
        "h ansible_host='{{ inventory_hostname }}.{{ domain }}' ansible_ssh_private_key_file='{{ inventory_dir }}/k'\n[all:vars]\ndomain=example.net",
        '/etc/swarm/hosts',
      )
      expect(inventory.hosts[0]?.destination).to.deep.include({
        hostname: 'h.example.net',
        identityFiles: ['/etc/swarm/k'],
      })
      expect(problemsOf(`h\n[all:vars]\nansible_user={{ lookup('env', 'USER') }}`)[0]).to.match(
        /^hosts:3: ansible_user: is a template that only Ansible can evaluate/,
      )
    })

    it('names line and section of everything that is wrong', () => {
      const problems = problemsOf(`[managers]
m1 ansible_port=abc
m2 ansible_connection=local
m3 ansible_become=yes ansible_become_method=su
`)
      expect(problems).to.deep.equal([
        "hosts:2: ansible_port: must be a port from 1 to 65535, is 'abc'",
        "hosts:3: ansible_connection: connection 'local' of host 'm2' is not supported: this machine itself cannot be verified",
        "hosts:4: ansible_become_method: 'su' is not supported; valid: sudo",
      ])
      const form = problemsOf(`[managers]
m1 root
m2 ansible_user="x
web[3:1]
web[01:3]
web[1
[workers:childs]
[my group]
[swarm:children]
managrs
swarm
[managers:vars]
novalue
[ghosts:vars]
a=1
`)
      expect(form).to.deep.equal([
        "hosts:2: [managers]: after host 'm1' only key=value is valid, is 'root'",
        'hosts:3: [managers]: this line has a " without its other',
        "hosts:4: [managers]: range [3:1] of 'web[3:1]' ends before it begins",
        "hosts:5: [managers]: range [01:3] of 'web[01:3]' must have as many digits at its end as at its begin",
        "hosts:6: [managers]: 'web[1' has a bracket without its other",
        "hosts:7: [workers:childs]: unknown kind of section 'childs'; valid: hosts, children, vars",
        'hosts:8: [my group] is not a section; write [group], [group:children] or [group:vars], without spaces',
        "hosts:10: [swarm:children]: group 'managrs' is not declared anywhere; declared: managers, workers, swarm",
        "hosts:11: [swarm:children]: group 'swarm' cannot hold itself",
        "hosts:13: [managers:vars]: must be key=value, is 'novalue'",
        "hosts:14: [ghosts:vars]: group 'ghosts' is not declared anywhere; declared: managers, workers, swarm",
      ])
    })

    it('sees the comment that Ansible takes for a part of the value', () => {
      expect(problemsOf('h\n[all:vars]\nansible_user=deploy # of the night')[0]).to.contain(
        'hosts:3: ansible_user: ends in a comment',
      )
      const numbers = parseInventory('h\n[all:vars]\nansible_port=22 # plain', 'hosts')
      expect(numbers.hosts[0]?.destination.port).to.equal(22)
    })

    it('says that passwords are not used, without telling them', () => {
      const { warnings } = parseInventory('h ansible_password=hunter2 ansible_become_pass=hunter3', 'hosts')
      expect(warnings.join()).to.contain('ansible_password is not used').and.to.contain('ansible_become_pass')
      expect(warnings.join()).not.to.contain('hunter')
    })

    it('refuses an encrypted file and a script', () => {
      expect(problemsOf('$ANSIBLE_VAULT;1.1;AES256\n61')[0]).to.contain(
        'hosts:1: is encrypted by Ansible Vault',
      )
      expect(problemsOf('#!/usr/bin/env python3\nprint(1)', 'inv.py')[0]).to.contain(
        'ansible-inventory -i inv.py',
      )
    })
  })

  describe('in YAML', () => {
    const yaml = `
all:
  vars: { ansible_user: nobody }
  children:
    swarm:
      vars: { ansible_user: deploy, ansible_become: true }
      children:
        managers:
          hosts:
            m1: { ansible_host: 192.0.2.1, ansible_port: 2222, swarmproof_advertise: 10.0.0.1 }
        workers:
          vars: { ansible_user: worker }
          hosts:
            w[1:2]:
            w3: { ansible_user: own, packages: [a, b], ansible_password: !vault "x" }
    db:
      hosts: db1
ungrouped:
`
    it('reads nested groups with their variables', () => {
      const inventory = parseInventory(yaml, 'hosts.yml')
      expect(roles(inventory)).to.deep.equal({ m1: 'manager', w1: 'worker', w2: 'worker', w3: 'worker' })
      expect(users(inventory)).to.deep.equal({ m1: 'deploy', w1: 'worker', w2: 'worker', w3: 'own' })
      expect(inventory.hosts[0]).to.deep.equal({
        name: 'm1',
        role: 'manager',
        advertise: '10.0.0.1',
        destination: { name: 'm1', hostname: '192.0.2.1', port: 2222, user: 'deploy', become: true },
      })
    })

    it('is told from INI and from our own without an extension', () => {
      expect(roles(parseInventory(yaml, 'hosts'))).to.have.property('m1', 'manager')
      expect(roles(parseInventory('---\nmanagers:\n  hosts:\n    a:\n', 'hosts'))).to.deep.equal({
        a: 'manager',
      })
      expect(roles(parseInventory('hosts:\n  a: { role: worker }\n', 'hosts'))).to.deep.equal({ a: 'worker' })
      expect(roles(parseInventory('badwolf:5309\n', 'hosts'))).to.deep.equal({ badwolf: '-' })
    })

    it('names line and key of everything that is wrong', () => {
      expect(
        problemsOf(
          `all:
  children:
    managers:
      host: { m1: }
    workers:
      hosts: [w1, w2]
    loop:
      children:
        all:
`,
          'hosts.yml',
        ),
      ).to.deep.equal([
        "hosts.yml:4: all.children.managers.host: unknown key, did you mean 'hosts'? valid: hosts, vars, children",
        'hosts.yml:6: all.children.workers.hosts: must be a map of hosts, each with a colon behind it, is a list',
        "hosts.yml:9: all.children.loop.children.all: group 'all' already holds 'loop': the two would hold each other",
      ])
      expect(problemsOf('plugin: aws_ec2\nregions: [x]', 'ec2.yml')[0]).to.contain(
        'ansible-inventory -i ec2.yml --list --yaml',
      )
      expect(problemsOf('all:\n  hosts:\n    m1: { ansible_user: !vault "abc" }', 'v.yml')[0]).to.contain(
        'v.yml:3: ansible_user: is encrypted by Ansible Vault',
      )
    })
  })

  describe('with group_vars and host_vars beside it', () => {
    let folder: string
    const file = (name: string, text: string): void => {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swp-inventory-'))))
    afterEach(() => rmSync(folder, { recursive: true }))

    it('takes them in the order Ansible does', () => {
      file(
        'hosts',
        '[managers]\nm1\n[workers]\nw1\nw2 ansible_user=inline\n[all:vars]\nansible_user=lowest\nansible_port=1',
      )
      file('group_vars/all.yml', 'ansible_port: 2\nansible_become: true')
      file('group_vars/workers/10-ssh.yml', 'ansible_user: grouped')
      file('host_vars/w1', 'ansible_port: 3')
      file('group_vars/managers.yml', '$ANSIBLE_VAULT;1.1;AES256\n6162')
      const inventory = readInventory(join(folder, 'hosts'))
      expect(users(inventory)).to.deep.equal({ m1: 'lowest', w1: 'grouped', w2: 'inline' })
      expect(inventory.hosts.map(({ destination }) => destination.port)).to.deep.equal([2, 3, 2])
      expect(inventory.hosts.every(({ destination }) => destination.become === true)).to.equal(true)
      expect(inventory.warnings).to.deep.equal([
        `${join(folder, 'group_vars/managers.yml')} is encrypted by Ansible Vault and was not read`,
      ])
    })

    it('names the file that is wrong', () => {
      file('hosts', 'm1')
      file('group_vars/all.yml', 'a: 1\nansible_port: many')
      expect(() => readInventory(join(folder, 'hosts'))).to.throw(
        `${join(folder, 'group_vars/all.yml')}:2: ansible_port: must be a port from 1 to 65535, is 'many'`,
      )
    })
  })
})
