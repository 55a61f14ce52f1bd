import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { InputError } from '../../error.ts'
import { Problems } from '../../topology/problems.ts'
import { AnsibleGroups } from './ansible-groups.ts'
import { readAnsibleIni } from './ansible-ini.ts'
import { ansibleInventory } from './ansible-inventory.ts'
import { inventoryBounds } from './inventory-bounds.ts'
import { type PlainName, plainName } from './plain-name.ts'
import { parseInventory, readInventory } from './read-inventory.ts'

const times = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('')

function refusal(text: string, file = 'hosts'): string {
  try {
    parseInventory(text, file)
  } catch (error) {
    expect(error).to.be.instanceOf(InputError)
    return (error as InputError).message
  }
  throw new Error('was accepted')
}

/** Each of two groups of a layer holds both of the layer before: the ways through them double with every layer. */
const layers = (count: number): string =>
  `[managers]\nh1\n[g0a:children]\nmanagers\n[g0b:children]\nmanagers\n${times(count - 1, (index) =>
    ['a', 'b'].map((side) => `[g${index + 1}${side}:children]\ng${index}a\ng${index}b\n`).join(''),
  )}`

describe('bounds of inventories', () => {
  it('work out groups within groups in steps that grow with the groups, not with the ways through them', () => {
    const steps = (count: number): number => {
      const groups = new AnsibleGroups('hosts')
      groups.addHost('h', 'g0a', 1)
      for (let layer = 1; layer < count; layer++) {
        for (const side of ['a', 'b']) {
          for (const below of ['a', 'b']) groups.addChild(`g${layer}${side}`, `g${layer - 1}${below}`)
        }
      }
      const before = groups.effort.steps
      expect(groups.groupsOf('h')).to.have.lengthOf(2 * count)
      return groups.effort.steps - before
    }
    const [few, many] = [steps(50), steps(500)]
    expect(many / few).to.be.within(9, 11)
  })

  it('take groups nested in very many ways', () => {
    expect(parseInventory(layers(2000), 'hosts.ini').hosts).to.have.lengthOf(1)
  })

  it('refuse groups and variables that cost more steps than any sound inventory, and name one', () => {
    const costly = (text: string): string => {
      const problems = new Problems()
      const groups = readAnsibleIni(text, 'hosts', problems)
      groups.effort.spend(inventoryBounds.mostSteps - 20_000, 'what was before')
      try {
        ansibleInventory(groups, 'hosts', problems)
      } catch (error) {
        expect(error).to.be.instanceOf(InputError)
        return (error as InputError).message
      }
      throw new Error('was accepted')
    }
    const members = `[managers]\n${times(100, (index) => `h${index}\n`)}`
    const nested = times(
      300,
      (index) => `[g${index}:children]\n${index === 0 ? 'managers' : `g${index - 1}`}\n`,
    )
    expect(costly(`${members}${nested}`)).to.match(
      /^hosts takes too long to work out, at group 'g\d+'\n {2}expected: at most 10000000 steps/,
    )
    const variables = times(300, (index) => `v${index}=x\n`)
    expect(costly(`${members}[managers:vars]\n${variables}`)).to.match(
      /^hosts takes too long to work out, at the variables of host 'h\d+'/,
    )
    const values = times(20, (index) => `v${index}=${'{{ empty }}'.repeat(360)}\n`)
    const user = times(20, (index) => `{{v${index}}}`)
    expect(costly(`${members}[managers:vars]\nempty=\nansible_user=${user}\n${values}`)).to.match(
      /^hosts takes too long to work out, at the templates of host 'h\d+'/,
    )
  })

  it('refuse too many hosts and groups, with line and section', () => {
    const pattern = times(30, (index) => `h${index}x[1:999]\n`)
    expect(refusal(`[managers]\n${pattern}`).split('\n')[0]).to.equal(
      'hosts:12: [managers]: an inventory holds at most 10000 hosts, and here it has more',
    )
    const yaml = times(11, (index) => `    h${index}x[1:999]:\n`)
    expect(refusal(`managers:\n  hosts:\n${yaml}`, 'hosts.yml')).to.equal(
      'hosts.yml:13: managers.hosts.h10x[1:999]: an inventory holds at most 10000 hosts, and here it has more',
    )
    const own = times(10_001, (index) => `  h${index}:\n`)
    expect(refusal(`hosts:\n${own}`, 'hosts.yml')).to.equal(
      'hosts.yml:1: hosts: an inventory holds at most 10000 hosts, here are 10001',
    )
    const groups = times(5001, (index) => `[g${index}]\n`)
    // `ungrouped` is made only when a host is in it.
    expect(refusal(groups)).to.equal(
      'hosts:5001: an inventory holds at most 5000 groups, and here it has more',
    )
  })

  it('give templates up that grow too long, before they are built', () => {
    const grows = (copies: number): string =>
      times(4, (index) => `v${index}=${`{{ v${index + 1} }}`.repeat(copies)}\n`)
    const text = `[managers]\nh1\n[managers:vars]\nansible_user={{ v0 }}\n${grows(9)}v4=x\n`
    expect(refusal(text)).to.match(
      /hosts:\d: (v\d|ansible_user): is longer than 4096 characters once its templates are filled in, the most/,
    )
    const [host] = parseInventory(text.replaceAll('{{ v4 }}', '').replace('v3=', 'v3=xyz'), 'hosts').hosts
    expect(host?.destination.user).to.equal('xyz'.repeat(729))
  })

  it('refuse groups that aliases nest without end', () => {
    const chain = times(
      150,
      (index) => `    g${index + 1}: &g${index + 1} {children: {c${index}: *g${index}}}\n`,
    )
    const message = refusal(`all:\n  children:\n    g0: &g0 {hosts: {h1: {}}}\n${chain}`, 'hosts.yml')
    expect(message).to.contain('groups are nested more than 100 deep, the most that is read')
    const doubling = times(60, (index) => {
      const below = [0, 1].map((side) => `c${index}x${side}: *g${index}`).join(', ')
      return `    g${index + 1}: &g${index + 1} {children: {${below}}}\n`
    })
    expect(refusal(`all:\n  children:\n    g0: &g0 {hosts: {h1: {}}}\n${doubling}`, 'hosts.yml')).to.match(
      /takes too long to work out|more than 500000 entries/,
    )
  }).timeout(30_000)

  it('refuse names that are long, or full of ranges', () => {
    expect(refusal(`[managers]\n${'x'.repeat(2000)}\n`)).to.match(
      /^hosts:2: \[managers\]: host 'x+…' is written with 2000 characters, at most 1024 are read$/,
    )
    expect(refusal(`[managers]\n${'[1:1]'.repeat(200)}\n`)).to.contain('has more than 8 ranges')
    expect(refusal(`[${'g'.repeat(2000)}]\nh\n`)).to.match(/: group 'g+…' is written with 2000 characters/)
  })

  it('name the first of very many groups that are declared, and the number of the others', () => {
    const groups = times(4000, (index) => `[g${index}]\n`)
    const message = refusal(`${groups}[x:children]\n${times(500, (index) => `y${index}\n`)}`)
    expect(message.length).to.be.below(20_000)
    expect(message)
      .to.contain("group 'y0' is not declared anywhere; declared: g0, g1")
      .and.contain('and 3981 more')
  })

  describe('beside the inventory', () => {
    let folder = ''
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'swarmproof-test-'))
      mkdirSync(join(folder, 'inventory', 'host_vars'), { recursive: true })
      writeFileSync(join(folder, 'secret'), 'root:x:0:0')
      writeFileSync(join(folder, 'inventory', 'secret.yml'), 'ansible_user: outside\n')
    })
    afterEach(() => rmSync(folder, { recursive: true }))

    const inventory = (text: string, name = 'hosts.ini'): string => {
      const file = join(folder, 'inventory', name)
      writeFileSync(file, text)
      return file
    }

    it('no name of a host or group leads out of its folder', () => {
      for (const name of [
        '../../secret',
        '../secret',
        '..',
        '.',
        'a/../../secret',
        '/etc/passwd',
        'a\\b',
        'a\u0000',
      ]) {
        expect(plainName(name), name).to.equal(undefined)
        const quoted = JSON.stringify(name)
        for (const text of [
          `managers: {hosts: {${quoted}: {}}}\n`,
          `${quoted}: {hosts: {h1: {}}}\n`,
          `managers: {hosts: {h1: {}}, children: {${quoted}: }}\n`,
        ]) {
          const message = refusal(text, inventory(text, 'hosts.yml'))
          expect(message, text).to.match(/hosts\.yml:1: .*(host|group) '.*' cannot be '\.' or '\.\.'/s)
          expect(message).to.not.contain('root:x')
        }
      }
      expect(() => readInventory(inventory('[managers]\n../../secret\n'))).to.throw(
        InputError,
        /hosts\.ini:2: \[managers\]: host '\.\.\/\.\.\/secret' cannot be/,
      )
      expect(() => readInventory(inventory('[managers]\nh1\n[..:children]\nmanagers\n'))).to.throw(
        InputError,
        "group '..'",
      )
    })

    it('a file that is large, endless or a pipe is refused by name', () => {
      const file = inventory('[managers]\nh1\n')
      const beside = join(folder, 'inventory', 'host_vars', 'h1')
      const refused = (what: string): void => {
        expect(() => readInventory(file))
          .to.throw(InputError, `cannot read ${beside}`)
          .with.property('message')
          .contains(what)
        rmSync(beside)
      }
      writeFileSync(beside, '')
      truncateSync(beside, inventoryBounds.mostBytes + 1)
      refused('it is larger than 4 MiB')
      execFileSync('mkfifo', [beside])
      refused('it is a named pipe')
      symlinkSync('/dev/zero', beside)
      refused('it is a device')
      expect(() => readInventory('/dev/zero')).to.throw(InputError, 'it is larger than 4 MiB')
    })

    it('only a name that was checked is looked for', () => {
      const name = '../secret'
      // @ts-expect-error a text as it was written is none
      const asWritten: PlainName = name
      expect(plainName(asWritten)).to.equal(undefined)
    })
  })
})
