import { expect } from 'chai'
import { isLocked, proxyLines } from './apt.ts'
import { memoryFrom, requireDisk, requireMemory } from './capacity.ts'
import { cacheDirectory, stateDirectory } from './directories.ts'
import { canMigrateToFile, isAtLeast, parseVersion } from './emulator.ts'

describe('directories', () => {
  it('are chosen by the user, else by XDG, else in the home', () => {
    expect(cacheDirectory({ SWARMPROOF_CACHE: '/a', XDG_CACHE_HOME: '/b', HOME: '/c' })).to.equal('/a')
    expect(cacheDirectory({ XDG_CACHE_HOME: '/b', HOME: '/c' })).to.equal('/b/swarmproof')
    expect(cacheDirectory({ XDG_CACHE_HOME: 'b', HOME: '/c' })).to.equal('/c/.cache/swarmproof')
    expect(stateDirectory({ HOME: '/c' })).to.equal('/c/.local/state/swarmproof')
    expect(() => stateDirectory({ SWARMPROOF_STATE: 'a' })).to.throw('SWARMPROOF_STATE')
  })
})

describe('capacity', () => {
  it('reads what the kernel says', () => {
    expect(memoryFrom('MemTotal: 2048 kB\nMemAvailable:    1048576 kB\n', 'MemAvailable')).to.equal(1024)
    expect(memoryFrom('', 'MemAvailable')).to.equal(0)
  })

  it('refuses with both figures', async () => {
    const failure = async (work: Promise<void>): Promise<string> =>
      work.then(
        () => 'no error',
        (error: Error) => error.message,
      )
    expect(await failure(requireMemory(1e9, 'test'))).to.match(
      /1000000000 MiB available[\s\S]*observed: \d+ MiB/,
    )
    expect(await failure(requireDisk('/tmp', 1e9, 'test'))).to.match(
      /1000000000 MiB free in \/tmp[\s\S]*\d+ MiB/,
    )
    expect(await failure(requireMemory(1, 'test'))).to.equal('no error')
  })
})

describe('emulator', () => {
  it('reads and compares versions', () => {
    const version = parseVersion('QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)\nCopyright')
    expect(version).to.equal('10.0.2')
    expect(parseVersion('bash: not found')).to.equal(undefined)
    expect(isAtLeast('10.0.2', [8, 2])).to.equal(true)
    expect(isAtLeast('8.2.2', [8, 2])).to.equal(true)
    expect(isAtLeast('7.2.22', [8, 2])).to.equal(false)
    expect(canMigrateToFile('6.2.0')).to.equal(false)
  })
})

describe('apt', () => {
  it('knows a lock from other trouble', () => {
    expect(isLocked('E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7')).to.equal(
      true,
    )
    expect(isLocked('E: Unable to lock directory /var/lib/apt/lists/')).to.equal(true)
    expect(isLocked('E: Unable to locate package vde2')).to.equal(false)
  })

  it('passes on proxies and nothing else', () => {
    const dump = [
      'Acquire::http "";',
      'Acquire::http::Proxy "http://proxy:3142";',
      'Acquire::https::Proxy "";',
      'Acquire::Retries "3";',
    ]
    expect(proxyLines(dump.join('\n'))).to.deep.equal(['Acquire::http::Proxy "http://proxy:3142"'])
  })
})
