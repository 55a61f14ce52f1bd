import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { keepFromStarting } from './unwanted-services.ts'

describe('a service nobody asked for', () => {
  let folder = ''
  const signal = new AbortController().signal

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swarmproof-units-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  it('is masked, once and for all', async () => {
    const units = join(folder, 'new', 'system')
    await keepFromStarting(['ssh.service', 'ssh.socket'], [], signal, units)
    await keepFromStarting(['ssh.service'], [], signal, units)
    expect(readlinkSync(join(units, 'ssh.service'))).to.equal('/dev/null')
    expect(readlinkSync(join(units, 'ssh.socket'))).to.equal('/dev/null')
  })

  it('is left as an administrator has it', async () => {
    writeFileSync(join(folder, 'ssh.service'), '[Unit]')
    await keepFromStarting(['ssh.service'], [], signal, folder)
    expect(readFileSync(join(folder, 'ssh.service'), 'utf8')).to.equal('[Unit]')
  })

  it('says what it was about when that fails', async () => {
    writeFileSync(join(folder, 'file'), '')
    const refusal = await keepFromStarting(['ssh.service'], [], signal, join(folder, 'file')).catch(String)
    expect(refusal).to.include('masking ssh.service')
  })
})
