import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { readSections } from '../remote/sections.ts'
import { parseSwarmObjects } from './swarm-objects.ts'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Lines that an engine printed of an operator’s objects, by template; see `operator-objects.test.ts`. */
const { named } = JSON.parse(readFileSync(file('fixtures/operator-objects.json'), 'utf8')) as {
  readonly named: Readonly<Record<string, { readonly lines: readonly string[] }>>
}
const section = (name: string, format: string, having = ''): string =>
  [`@@ ${name}`, ...(named[format]?.lines.filter((line) => line.includes(having)) ?? [])].join('\n')
const printed = [
  section('nodes', 'nodeFormat'),
  section('networks', 'networkFormat', '"Driver":"overlay"'),
  section('services', 'serviceFormat'),
  section('tasks', 'taskFormat'),
  '@@ listed',
  '@@ end',
].join('\n')
const hosts = new Map([['omf2z97ftbvq4ybqvgtnrg4hd', 'manager']])
const parse = (text: string) => parseSwarmObjects(readSections(text, '@@'), hosts)

describe('what there is in a swarm', () => {
  const seen = parse(printed)

  it('is read with nodes by their hosts’ names, and by id where they are no host of the lab', () => {
    expect(seen.nodes).to.deep.equal([{ node: 'manager', address: '10.99.0.1' }])
    const strange = parseSwarmObjects(readSections(printed, '@@'), new Map())
    expect(strange.nodes[0]?.node).to.equal('omf2z97ftbvq4ybqvgtnrg4hd')
  })

  it('has the address of a manager that states none as a node', () => {
    const unstated = printed.replace('"Addr":"10.99.0.1"}', '"Addr":"0.0.0.0"}')
    expect(unstated).to.not.equal(printed)
    expect(parse(unstated).nodes).to.deep.equal(seen.nodes)
  })

  it('has networks with VNIs, services with ports, and tasks with their addresses', () => {
    expect(seen.networks).to.deep.equal([
      {
        ...{ id: 'a04ol36fgu2irfbhsvz4awa3z', name: 'ingress', ingress: true },
        ...{ subnets: ['10.0.0.0/24'], vnis: [4096] },
      },
      {
        ...{ id: 'ubqesp3j7dotebe71i57bcvvs', name: 'ops-net', ingress: false },
        ...{ subnets: ['10.77.0.0/24'], vnis: [4097] },
      },
    ])
    const [web, own] = seen.services
    expect(web).to.deep.equal({
      ...{ id: 'l62pqb1b1e34nr9hnwlmw09n1', name: 'ops-web' },
      vips: { a04ol36fgu2irfbhsvz4awa3z: '10.0.0.3', ubqesp3j7dotebe71i57bcvvs: '10.77.0.1' },
      published: [{ protocol: 'tcp', publishedPort: 18_080, mode: 'ingress' }],
    })
    expect(own).to.deep.include({ vips: {}, published: [] })
    expect(seen.tasks).to.deep.equal([
      {
        ...{ service: 'ops-web', node: 'manager' },
        addresses: { a04ol36fgu2irfbhsvz4awa3z: '10.0.0.4', ubqesp3j7dotebe71i57bcvvs: '10.77.0.2' },
      },
    ])
  })

  it('names refused tasks by what the engine meant, and keeps none of its words', () => {
    const listed =
      'zzapp.1\tvm\tReady\tRejected 1 second ago\t"network sandbox join failed: subnet sandbox join failed for "10.0.4.0/24": error creating vxlan interface: file exists"\n' +
      'other.1\tvm\tReady\tRejected 1 second ago\t"invalid mount config: /home/secret"'
    const { refused } = parse(printed.replace('@@ listed', `@@ listed\n${listed}`))
    expect(refused).to.deep.equal([{ service: 'zzapp', means: 'vxlan-in-the-way', node: 'manager' }])
  })

  it('is refused where a line is another thing, without quoting it', () => {
    expect(() => parse('@@ nodes\n{"secret":1}\n@@ end'))
      .to.throw('one of the nodes of the swarm in an unexpected form')
      .with.property('message')
      .not.contain('secret')
  })
})

describe('the script that asks a manager', () => {
  it('lets no words of a refusal leave the host but those that are known', () => {
    const line = readFileSync(file('swarm-objects.sh'), 'utf8')
      .split('\n')
      .find((one) => one.startsWith('known_alone()'))
    const output = execFileSync('sh', ['-c', `${line ?? ''}\nknown_alone`], {
      input: 'a\tn\tReady\tRejected\t"vxlan interface: file exists"\nb\tn\tReady\tRejected\t"/home/secret"\n',
      env: { ...process.env, known: 'vxlan interface.*file exists' },
    })
    expect(output.toString()).to.equal(
      'a\tn\tReady\tRejected\t"vxlan interface: file exists"\nb\tn\tReady\tRejected\t\n',
    )
  })

  describe('where the client', () => {
    let folder: string
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-objects-'))))
    afterEach(() => rmSync(folder, { recursive: true, force: true }))

    /** @param client what stands in for the one of the host, as cases of its first two words */
    const asked = (client: string) => {
      writeFileSync(join(folder, 'docker'), `#!/bin/sh\ncase "$1 $2" in\n${client}\nesac\n`)
      chmodSync(join(folder, 'docker'), 0o755)
      const { status, stdout } = spawnSync('sh', [file('swarm-objects.sh')], {
        encoding: 'utf8',
        env: {
          ...{ PATH: `${folder}:${process.env['PATH'] ?? ''}`, mark: '@@', most: '2', most_tasks: '3' },
          ...{ known: 'x', node_format: 'n', network_format: 'o', service_format: 's', task_format: 't' },
          listed_format: 'l',
        },
      })
      return { status, sections: readSections(stdout, '@@') }
    }
    const answers = ['"node ls") echo a ;;', '"network ls") echo b ;;', '"service ls") echo c ;;']
    const ids = '"service ps") case "$*" in *" -q "*) seq 4 ;; esac ;;'

    it('answers every list, they come to the end, and what was left out is named', () => {
      const { status, sections } = asked([...answers, ids].join('\n'))
      expect(status).to.equal(0)
      expect(sections.complete).to.equal(true)
      expect(sections.all.filter(({ name }) => name === 'cut').map(({ argument }) => argument)).to.deep.equal(
        ['tasks'],
      )
    })

    for (const [place, refused] of [...answers, ids].entries())
      it(`does not answer ${refused.split('"')[1] ?? ''}, none passes for empty`, () => {
        const { status, sections } = asked(
          [...answers, ids].with(place, refused.replace(/\) .*/, ') exit 1 ;;')).join('\n'),
        )
        expect(status).to.equal(1)
        expect(sections.complete).to.equal(false)
      })
  })
})
