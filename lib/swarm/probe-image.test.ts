import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Host } from '../host/host.ts'
import { silentProgress } from '../progress.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import { imageArchive, loadProbeImage, pullProbeImage } from './probe-image.ts'
import { readProgramFile } from './program-file.ts'

const host = (remote: FakeRemote): Host => ({ name: remote.host, remote }) as unknown as Host
const options = (removed: string[]) => ({
  progress: silentProgress,
  image: 'swarmproof/probe:x7k2',
  removes: async ({ name }: Host, image: string) => void removed.push(`${name} ${image}`),
})

/** The least a 64-bit ELF file needs to be told: header and one program header. */
function program(machine: number, segment: number): Buffer {
  const bytes = Buffer.alloc(64 + 56)
  bytes.writeUInt32BE(0x7f454c46)
  bytes.writeUInt8(2, 4)
  bytes.writeUInt8(1, 5)
  bytes.writeUInt16LE(machine, 18)
  bytes.writeBigUInt64LE(64n, 32)
  bytes.writeUInt16LE(56, 54)
  bytes.writeUInt16LE(1, 56)
  bytes.writeUInt32LE(segment, 64)
  return bytes
}

describe('readProgramFile', () => {
  it('tells processor and whether it needs a loader', () => {
    expect(readProgramFile(program(183, 1))).to.deep.equal({ machine: 'aarch64', isStatic: true })
    expect(readProgramFile(program(62, 3))).to.deep.equal({ machine: 'x86_64', isStatic: false })
    const own = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string]
    expect(readProgramFile(readFileSync(process.execPath))).to.deep.equal({ machine: own, isStatic: false })
  })

  it('takes nothing else for a program, nor half of one', () => {
    expect(readProgramFile(Buffer.from('#!/bin/sh\n'.repeat(20)))).to.equal(undefined)
    const whole = program(62, 1)
    for (let length = 0; length < whole.length; length += 1)
      expect(readProgramFile(whole.subarray(0, length)), `${length} bytes`).to.equal(undefined)
  })
})

describe('the archive of the probe image', () => {
  it('is one that tar reads, with busybox under the names tasks call', () => {
    const folder = mkdtempSync(join(tmpdir(), 'swp-image-'))
    try {
      const content = Buffer.alloc(1_500, 7)
      writeFileSync(join(folder, 'image.tar.gz'), imageArchive(content))
      const list = execFileSync('tar', ['-tvzf', 'image.tar.gz'], { cwd: folder, encoding: 'utf8' })
      expect(list).to.match(/^-rwxr-xr-x 0\/0 +1500 .* bin\/busybox$/m)
      for (const name of ['sh', 'httpd', 'hostname', 'dd', 'mkdir', 'wget'])
        expect(list).to.match(new RegExp(`^lrwxrwxrwx .* bin/${name} -> busybox$`, 'm'))
      expect(list).to.match(/^drwxrwxrwt .* tmp/m)
      execFileSync('tar', ['-xzf', 'image.tar.gz'], { cwd: folder })
      expect(readFileSync(join(folder, 'bin/busybox')).equals(content)).to.equal(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('loading the probe image', () => {
  it('takes the busybox of a host of another processor, and is told to be removed before it is there', async () => {
    const removed: string[] = []
    let input: unknown
    const remote = new FakeRemote('arm1')
      .answer('uname -m', 'aarch64\n')
      .answer('docker tag', { exitCode: 1 })
      .answer('docker import', (_command, given) => {
        expect(removed).to.deep.equal(['arm1 swarmproof/probe:x7k2'])
        input = 'input' in given ? given.input : undefined
        return ''
      })
    await remote.upload(program(183, 3), '/bin/busybox')
    await remote.upload(program(183, 1), '/bin/busybox.static')
    await loadProbeImage([host(remote)], options(removed))
    expect(Buffer.from(input as Uint8Array).equals(imageArchive(program(183, 1)))).to.equal(true)
  })

  it('names host and processor where no busybox fits, and creates nothing', async () => {
    const remote = new FakeRemote('z1').answer('uname -m', 's390x\n')
    const error = await loadProbeImage([host(remote)], options([])).catch((thrown: unknown) => thrown)
    expect(error).to.have.property('code', 'PROBE_IMAGE_MACHINE')
    expect((error as Error).message)
      .to.contain('(s390x)')
      .and.contain('(on z1)')
      .and.contain('--probe-image')
    expect(remote.commands).to.deep.equal(['uname -m'])
  })
})

describe('pulling the probe image', () => {
  it('leaves an image alone that was there', async () => {
    const removed: string[] = []
    const has = new FakeRemote('a').answer('docker image inspect', '[{}]')
    const lacks = new FakeRemote('b')
      .answer('docker image inspect', { exitCode: 1 })
      .answer('docker pull', '')
    await pullProbeImage([host(has), host(lacks)], options(removed))
    expect(removed).to.deep.equal(['b swarmproof/probe:x7k2'])
    expect(has.commands.join()).to.not.contain('pull')
  })
})
