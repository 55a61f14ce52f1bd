import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { InputError } from '../error.ts'
import { packageRoot } from '../package-root.ts'
import { parseTopology, readTopology } from './read-topology.ts'
import { withEngine } from './with-engine.ts'

const least = `
underlays: { wire: { subnet: 192.168.56.0/24 } }
nodes: { m: { role: manager, addresses: { wire: 192.168.56.11 } } }
`

function refusal(text: string): string {
  try {
    parseTopology(text, 'x.yaml')
  } catch (error) {
    expect(error).to.be.instanceOf(InputError)
    return (error as InputError).message
  }
  throw new Error('it was accepted')
}

describe('reading topologies', () => {
  it('fills in what is not given', () => {
    expect(parseTopology(least, 'some/where/small.yaml')).to.deep.equal({
      name: 'small',
      description: 'small',
      nodes: [{ name: 'm', role: 'manager', memoryMib: 1024, cpus: 1, addresses: { wire: '192.168.56.11' } }],
      underlays: [{ name: 'wire', subnet: '192.168.56.0/24', mtuBytes: 1500 }],
      swarm: { advertise: 'wire', dataPath: 'wire', dataPathPort: 4789 },
      stack: {
        clear: { subnet: '10.91.1.0/24', gateway: '10.91.1.254' },
        secret: { subnet: '10.91.2.0/24', gateway: '10.91.2.254' },
        publishedPort: 8080,
      },
    })
  })

  it('takes everything that is given', () => {
    const text = `
description: Two wires
underlays:
  control: { subnet: 192.168.57.0/24 }
  data: { subnet: 192.168.58.0/24, mtuBytes: 9000 }
nodes:
  m: { role: manager, memoryMib: 2048, cpus: 2, addresses: { control: 192.168.57.1, data: 192.168.58.1 } }
swarm: { advertise: control, dataPath: data, dataPathPort: 4790 }
stack: { clear: { subnet: 10.92.0.0/16 }, secret: { subnet: 10.93.1.0/25, gateway: 10.93.1.1 }, publishedPort: 80 }
`
    const topology = parseTopology(text, 'two.yml')
    expect(topology.nodes[0]).to.include({ memoryMib: 2048, cpus: 2 })
    expect(topology.underlays[1]?.mtuBytes).to.equal(9000)
    expect(topology.swarm).to.deep.equal({ advertise: 'control', dataPath: 'data', dataPathPort: 4790 })
    expect(topology.stack).to.deep.equal({
      clear: { subnet: '10.92.0.0/16', gateway: '10.92.255.254' },
      secret: { subnet: '10.93.1.0/25', gateway: '10.93.1.1' },
      publishedPort: 80,
    })
  })

  it('gives hosts the engine of the lab, unless they name their own; quoted or not', () => {
    const text = `
engine: 20.10
underlays: { wire: { subnet: 192.168.56.0/24 } }
nodes:
  m: { role: manager, addresses: { wire: 192.168.56.11 } }
  n: { role: worker, engine: '28.5.2', addresses: { wire: 192.168.56.12 } }
`
    const mixed = parseTopology(text, 'mixed.yaml')
    expect(mixed.nodes.map(({ engine }) => engine)).to.deep.equal(['20.10', '28.5'])
    const plain = parseTopology(text.replace('engine: 20.10', ''), 'mixed.yaml')
    expect(plain.nodes[0]).not.to.have.property('engine')
    const same = withEngine(mixed, '26.1')
    expect(same.nodes.map(({ engine }) => engine)).to.deep.equal(['26.1', '26.1'])
    expect({ ...same, nodes: mixed.nodes }).to.deep.equal(mixed)
    expect(Object.isFrozen(same.nodes[0])).to.equal(true)
  })

  it('gives hosts the init of the lab, unless they name their own', () => {
    const text = `
init: systemd
underlays: { wire: { subnet: 192.168.56.0/24 } }
nodes:
  m: { role: manager, addresses: { wire: 192.168.56.11 } }
  n: { role: worker, init: script, addresses: { wire: 192.168.56.12 } }
`
    expect(parseTopology(text, 'x.yaml').nodes.map(({ init }) => init)).to.deep.equal(['systemd', 'script'])
    expect(parseTopology(text.replace('init: systemd', ''), 'x.yaml').nodes[0]).not.to.have.property('init')
    expect(withEngine(parseTopology(text, 'x.yaml'), '26.1').nodes[0]).to.include({ init: 'systemd' })
  })

  it('resolves anchors', () => {
    const text = `
underlays: { wire: { subnet: 192.168.56.0/24 } }
nodes:
  m: { role: &r manager, addresses: { wire: 192.168.56.11 } }
  n: { role: *r, addresses: { wire: 192.168.56.12 } }
`
    expect(parseTopology(text, 'x.yaml').nodes[1]?.role).to.equal('manager')
  })

  it('freezes what it gives, to the bottom', () => {
    const topology = parseTopology(least, 'x.yaml')
    expect(Object.isFrozen(topology.nodes[0]?.addresses)).to.equal(true)
    expect(Object.isFrozen(topology.stack.clear)).to.equal(true)
  })

  it('survives whatever the file holds', () => {
    for (const text of [
      'null',
      '~',
      '[]',
      '42',
      '"',
      '{',
      '&a [*a]',
      '? {a: b}\n: c',
      '%',
      '\0',
      '{'.repeat(500),
    ]) {
      expect(refusal(text)).to.match(/^x\.yaml:\d+: /)
    }
    const whole = readFileSync(join(packageRoot(), 'topologies/three-node.yaml'), 'utf8')
    for (let end = 0; end < whole.length - 30; end += 5) {
      try {
        parseTopology(whole.slice(0, end), 'x.yaml')
      } catch (error) {
        expect(error, `cut at ${end}`).to.be.instanceOf(InputError)
      }
    }
  })

  it('says that a file cannot be read', () => {
    expect(() => readTopology('/nowhere/x.yaml'))
      .to.throw(InputError, 'cannot read topology file /nowhere/x.yaml')
      .with.property('code', 'TOPOLOGY_UNREADABLE')
  })
})

describe('topologies of many nodes', () => {
  const of = (count: number, swarm = ''): string => `
underlays: { wire: { subnet: 10.90.0.0/16 } }
nodes:
${Array.from({ length: count }, (_, index) => `  n${index}: { role: ${index === 0 ? 'manager' : 'worker'}, addresses: { wire: 10.90.${Math.trunc(index / 250)}.${(index % 250) + 1} } }`).join('\n')}
${swarm}`

  it('get overlays that have room for them', () => {
    expect(parseTopology(of(82), 'x.yaml').stack.clear.subnet).to.equal('10.91.1.0/24')
    const roomy =
      'swarm: { ingress: { subnet: 10.11.0.0/16 }, addressPools: { pools: [10.60.0.0/14], maskLength: 22 } }'
    const { nodes, stack } = parseTopology(of(200, roomy), 'x.yaml')
    expect(nodes).to.have.lengthOf(200)
    expect([stack.clear.subnet, stack.secret.subnet]).to.deep.equal(['10.91.16.0/20', '10.91.32.0/20'])
  })

  it('are refused where a network has no room for them', () => {
    expect(refusal(of(83)).split('\n')[0]).to.equal(
      'x.yaml:3: nodes: 83 nodes need 257 addresses in each network, and swarm.ingress has 254 in its /24; give it a /23',
    )
  })
})

describe('invalid topologies', () => {
  const folder = join(packageRoot(), 'topologies', 'invalid')
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()

  it('are many, each with its message', () => {
    expect(files.length).to.be.at.least(12)
    const texts = readdirSync(folder).filter((file) => file.endsWith('.txt'))
    expect(texts.sort()).to.deep.equal(files.map((file) => file.replace('.yaml', '.txt')))
  })

  for (const file of files) {
    it(`${file} is refused with exactly its message`, () => {
      const path = join(folder, file)
      const expected = readFileSync(path.replace('.yaml', '.txt'), 'utf8')
      expect(() => readTopology(path))
        .to.throw(InputError)
        .that.satisfies((error: InputError) => {
          expect(`${error.message.replaceAll(`${folder}/`, '')}\n`).to.equal(expected)
          return true
        })
    })
  }
})
