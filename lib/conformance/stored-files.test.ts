import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { StoredFiles } from './stored-files.ts'

const file = 'observations/ING-01#0.json'

describe('observations of a stored run', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarmproof-observations-'))
    mkdirSync(join(folder, 'observations'))
    write('facts#0.json', '{"nodes":[],"networks":{}}')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const write = (name: string, text: string): void => writeFileSync(join(folder, 'observations', name), text)
  const refusal = (text: string): string => {
    write('ING-01#0.json', text)
    try {
      new StoredFiles(folder).read(file)
    } catch (error) {
      expect(error).to.have.property('code', 'OBSERVATIONS_MISSING')
      return (error as Error).message
    }
    return 'read'
  }

  it('are read with the scenes they refer to, also twice', () => {
    write('mesh#0.json', '{"seen":[1,2]}')
    write('ING-01#0.json', '{"generation":0,"seen":{"a":{"$scene":"mesh#0"},"b":{"$scene":"mesh#0"}}}')
    expect(new StoredFiles(folder).read(file).stored.seen).to.deep.equal({ a: [1, 2], b: [1, 2] })
  })

  it('are refused where they rest on themselves', () => {
    expect(refusal('{"generation":0,"seen":{"$scene":"ING-01#0"}}')).to.contain('rests on itself')
  })

  it('are refused where they are cut off, of another shape, too deep or not there', () => {
    const deep = `{"generation":0,"seen":${'['.repeat(5000)}${']'.repeat(5000)}}`
    for (const text of ['{"generation":', 'null', '7', '{}', '{"generation":"../0"}', deep])
      expect(refusal(text), text.slice(0, 30)).to.not.equal('read')
    expect(() => new StoredFiles(folder).read('observations/../run.json')).to.throw('not the name of a file')
  })
})
