import { expect } from 'chai'
import { parseEngine } from './parse-docker.ts'

describe('what an engine says about itself', () => {
  /** Of engine 29.7.9 with the nftables backend, as recorded. */
  const info = {
    ...{ ID: '8db63460', DockerRootDir: '/var/lib/docker', OperatingSystem: 'Debian GNU/Linux 13 (trixie)' },
    ...{ SecurityOptions: ['name=seccomp,profile=builtin', 'name=cgroupns'], LiveRestoreEnabled: false },
  }

  it('has its firewall backend where it says one, and its settings where they matter', () => {
    expect(
      parseEngine('m1', { Version: '29.7.9-dev' }, info, { firewallBackend: 'nftables' }),
    ).to.deep.include({
      ...{ version: '29.7.9-dev', firewallBackend: 'nftables' },
      securityOptions: ['name=seccomp,profile=builtin', 'name=cgroupns'],
    })
    const older = parseEngine(
      'm1',
      { Version: '26.1.5' },
      { ID: 'a', SecurityOptions: null },
      { firewallBackend: '' },
    )
    expect(older).to.not.have.any.keys('firewallBackend', 'liveRestore', 'securityOptions')
    expect(parseEngine('m1', {}, info, { firewallBackend: '<no value>' })).to.not.have.property(
      'firewallBackend',
    )
    expect(parseEngine('m1', {}, { ...info, LiveRestoreEnabled: true }).liveRestore).to.equal(true)
  })
})
