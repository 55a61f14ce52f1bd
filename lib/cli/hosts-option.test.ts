import { Command } from 'commander'
import { expect } from 'chai'
import { containerOrigin } from '../host/container/origin.ts'
import { machineOrigin } from '../host/vm/origin.ts'
import { silentProgress } from '../progress.ts'
import { chooseProvider, type HostsFlags, hostsWords, withHostsOptions } from './hosts-option.ts'

describe('--hosts and --engine-image', () => {
  const parse = (...words: string[]): HostsFlags => {
    const command = withHostsOptions(new Command('x')).exitOverride()
    command.parse(words, { from: 'user' })
    return command.opts()
  }
  const notes: string[] = []
  const progress = { ...silentProgress, note: (text: string) => void notes.push(text) }

  it('refuses a kind there is none of by the valid ones', () => {
    expect(() => parse('--hosts', 'vms')).to.throw(/unknown kind of hosts 'vms'\n.*valid: container, vm/)
  })

  it('gives what was asked for and says so', async () => {
    expect(await chooseProvider(parse('--hosts', 'vm'), progress)).to.have.nested.property('origin.id', 'vm')
    expect(await chooseProvider(parse('--hosts', 'container'), progress)).to.have.nested.property(
      'origin.id',
      'container',
    )
    expect(notes).to.have.lengthOf(2)
    expect(notes[1]).to.contain('--hosts container')
  })

  it('takes an image as a wish for containers, and refuses it for machines', async () => {
    expect(await chooseProvider(parse('--engine-image', 'local'), progress)).to.have.nested.property(
      'origin.id',
      'container',
    )
    const error = await chooseProvider(parse('--hosts', 'vm', '--engine-image', 'x'), progress).catch(
      (reason: unknown) => reason,
    )
    expect(error).to.have.property('code', 'ENGINE_IMAGE_OF_MACHINES')
  })

  it('takes an engine in files as a wish for machines, and refuses it for containers', async () => {
    const codeOf = (...words: string[]): Promise<unknown> =>
      chooseProvider(parse(...words), progress).catch(
        (reason: unknown) => (reason as { code?: unknown }).code,
      )
    // The files are looked at before anything is done.
    expect(await codeOf('--engine-package', '/nonexistent/a.deb')).to.equal('ENGINE_PACKAGE')
    expect(await codeOf('--hosts', 'container', '--engine-package', 'a.deb')).to.equal(
      'ENGINE_PACKAGE_OF_IMAGES',
    )
    expect(hostsWords({ enginePackage: ['a b.deb', 'c.deb'] }, { origin: machineOrigin })).to.deep.equal([
      '--engine-package',
      "'a b.deb'",
      'c.deb',
    ])
  })

  it('comes back in the command that does it again', () => {
    expect(hostsWords({}, { origin: machineOrigin })).to.deep.equal([])
    expect(hostsWords({ hosts: 'vm' }, { origin: machineOrigin })).to.deep.equal(['--hosts', 'vm'])
    expect(hostsWords({ engineImage: 'local' }, { origin: containerOrigin })).to.deep.equal([
      ...['--hosts', 'container', '--engine-image', 'local'],
    ])
  })
})
