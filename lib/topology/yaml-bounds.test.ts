import { expect } from 'chai'
import { isAlias, visit } from 'yaml'
import { InputError } from '../error.ts'
import { Problems } from './problems.ts'
import { parseTopology } from './read-topology.ts'
import { yamlBounds } from './yaml-bounds.ts'
import { YamlFile } from './yaml-cursor.ts'

function problemOf(text: string): string {
  const problems = new Problems()
  expect(new YamlFile(text, problems).isSound).to.equal(false)
  try {
    problems.throwIfAny('x.yaml')
  } catch (error) {
    return (error as InputError).message
  }
  throw new Error('was accepted')
}

const times = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('')

describe('bounds of YAML files', function () {
  this.timeout(20_000)
  const deep =
    'x.yaml:1: lists and maps are nested more than 100 deep, the most that is read\n' +
    '  do next:  look for brackets that are never closed, or indentation that only grows, up to this line'

  it('refuse what is nested too deep, before the parser meets it', () => {
    // A hundred thousand brackets end the process inside the parser.
    expect(problemOf(`a: ${'['.repeat(100_000)}`)).to.equal(deep)
    for (const text of ['- ', '? ', ': ', '- &a ', '- ! ']) {
      expect(problemOf(text.repeat(20_000)), text).to.equal(deep)
    }
    expect(problemOf(times(300, (index) => `${' '.repeat(index)}a:\n`))).to.equal(
      deep.replace(':1:', ':101:'),
    )
  })

  it('take what is nested as deep as allowed, however it is written', () => {
    for (const text of [
      `a: ${'['.repeat(98)}${']'.repeat(98)}`,
      `${'- '.repeat(98)}x`,
      times(100, (index) => `${' '.repeat(index)}a:\n`),
      times(50, (index) => `${'  '.repeat(index)}a:\n${'  '.repeat(index)}-\n`),
      // Depth of text is none.
      `a: |\n${times(300, (index) => `${' '.repeat(index + 2)}a:\n`)}`,
      times(5000, (index) => `a${index}: [b, {c: d}]\n`),
    ]) {
      const problems = new Problems()
      expect(new YamlFile(text, problems).isSound, text.slice(0, 60)).to.equal(true)
    }
  })

  it('refuse too many words', () => {
    expect(problemOf(`[${'a,'.repeat(yamlBounds.mostTokens / 2)}]`)).to.equal(
      'x.yaml:1: the file has more than 1000000 words and signs, the most that are read\n' +
        '  do next:  check that it is the file you meant, or split it',
    )
  })

  it('count what stands behind aliases each time', () => {
    const problems = new Problems()
    const ten = (of: string): string => `[${Array.from({ length: 10 }, () => of).join(', ')}]`
    const text = `a0: &a0 ${ten('x')}\n${times(8, (index) => `a${index + 1}: &a${index + 1} ${ten(`*a${index}`)}\n`)}`
    const file = new YamlFile(text, problems)
    let visited = 0
    const unfold = (at: YamlFile['root']): void => {
      visited++
      if (at.kind === 'list') at.list().forEach(unfold)
    }
    file.root.map()?.forEach(unfold)
    expect(visited).to.be.below(yamlBounds.mostEntries + 2)
    expect(() => problems.throwIfAny('x.yaml')).to.throw(
      InputError,
      /^x\.yaml:\d+: a\d[^:]*: here the file has more than 500000 entries, those behind aliases counted each time/,
    )
  })

  it('resolve an alias as the library does', () => {
    const text = 'a: &x 1\nb: [*x, &x {c: *x, d: &y [*x]}, *x]\n*y : *z\ne: &z [*z, *x, *y]\n'
    const file = new YamlFile(text, new Problems())
    let aliases = 0
    visit(file.document, (_key, node) => {
      if (!isAlias(node)) return
      aliases++
      expect(file.targetOf(node)).to.equal(node.resolve(file.document))
    })
    expect(aliases).to.equal(9)
  })

  it('show the first of very many problems, and their number', () => {
    const problems = new Problems()
    for (let line = 1; line <= 3000; line++) problems.add(line, '', 'x'.repeat(line === 1 ? 1_000_000 : 1))
    try {
      problems.throwIfAny('x.yaml')
      expect.fail('nothing was thrown')
    } catch (error) {
      const lines = (error as InputError).message.split('\n')
      expect(lines).to.have.lengthOf(51)
      expect(lines[0]).to.have.lengthOf.below(2100)
      expect(lines[50]).to.equal('x.yaml: and 2950 more like these')
    }
  })

  it('of a topology: underlays and pools', () => {
    const underlays = times(20_000, (index) => `  u${index}: { subnet: 10.0.0.0/8 }\n`)
    expect(() => parseTopology(`underlays:\n${underlays}nodes: {}\n`, 'x.yaml')).to.throw(
      InputError,
      'underlays: at most 16 underlay networks, are 20000',
    )
    const pools = times(20_000, () => '10.60.0.0/16,')
    expect(() =>
      parseTopology(
        `underlays: {u: {subnet: 192.168.56.0/24}}\nnodes: {}\nswarm: {addressPools: {pools: [${pools}]}}\n`,
        'x.yaml',
      ),
    ).to.throw(InputError, 'swarm.addressPools.pools: at most 16 pools, are 20000')
  })
})
