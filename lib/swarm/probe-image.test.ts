import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import type { Host } from '../host/host.ts'
import { labImage, loadedImageName } from '../loaded-image.ts'
import { silentProgress } from '../progress.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import { probeImageScript } from '../setup/guest-init.ts'
import { probeImageFile } from '../setup/probe-image-archive.ts'
import type { ImageArchive } from './image-archive.ts'
import { imageArchive, loadProbeImage, pullProbeImage, standingImage } from './probe-image.ts'
import { readProgramFile } from './program-file.ts'

const host = (remote: FakeRemote): Host => ({ name: remote.host, remote }) as unknown as Host
const name = loadedImageName('x7k2')
const options = (removed: string[]) => ({
  progress: silentProgress,
  name,
  removes: async ({ name }: Host, image: string, ids: readonly string[] = []) =>
    void removed.push([name, image, ...ids].join(' ')),
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

/** What `docker load` and containerd read in the archive. */
function unpacked(archive: ImageArchive): { file: (path: string) => Buffer; list: string } {
  const folder = mkdtempSync(join(tmpdir(), 'swp-image-'))
  try {
    const list = execFileSync('tar', ['-xvzf', '-', '-C', folder], { input: archive.bytes, encoding: 'utf8' })
    const files = new Map(
      list
        .split('\n')
        .filter((path) => !/(^|\/)$|blobs(\/sha256)?$/.test(path))
        .map((path) => [path, readFileSync(join(folder, path))]),
    )
    return { list, file: (path) => files.get(path) ?? Buffer.alloc(0) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const blobOf = (digest: string): string => `blobs/${digest.replace(':', '/')}`

interface Described {
  readonly digest: string
  readonly size: number
}

describe('the archive of the probe image', () => {
  const busybox = Buffer.alloc(1_500, 7)
  const archive = imageArchive(busybox, 'aarch64', name)
  const { file } = unpacked(archive)

  it('holds one layer that tar reads, with busybox under the names tasks call', () => {
    const [{ Layers: [layer] = [] }] = JSON.parse(String(file('manifest.json'))) as [{ Layers: string[] }]
    const list = execFileSync('tar', ['-tvf', '-'], { input: file(layer ?? ''), encoding: 'utf8' })
    expect(list).to.match(/^-rwxr-xr-x 0\/0 +1500 .* bin\/busybox$/m)
    for (const applet of ['sh', 'httpd', 'hostname', 'dd', 'mkdir', 'wget'])
      expect(list).to.match(new RegExp(`^lrwxrwxrwx .* bin/${applet} -> busybox$`, 'm'))
    expect(list).to.match(/^drwxrwxrwt .* tmp/m)
  })

  it('is an OCI layout and an archive of docker save of the same image, every digest and size of which is true', () => {
    expect(JSON.parse(String(file('oci-layout')))).to.deep.equal({ imageLayoutVersion: '1.0.0' })
    const index = JSON.parse(String(file('index.json'))) as {
      manifests: [Described & { annotations: Record<string, string> }]
    }
    const [described] = index.manifests
    expect(described.digest).to.equal(archive.manifestId)
    expect(described.annotations['io.containerd.image.name']).to.equal(name)
    const manifest = JSON.parse(String(file(blobOf(described.digest)))) as {
      config: Described
      layers: [Described]
    }
    expect(manifest.config.digest).to.equal(archive.configId)
    for (const { digest, size } of [described, manifest.config, ...manifest.layers]) {
      expect(digestOf(file(blobOf(digest)))).to.equal(digest)
      expect(file(blobOf(digest)).length).to.equal(size)
    }
    const config = JSON.parse(String(file(blobOf(archive.configId)))) as {
      architecture: string
      rootfs: { diff_ids: string[] }
    }
    expect(config.architecture).to.equal('arm64')
    expect(config.rootfs.diff_ids).to.deep.equal([manifest.layers[0].digest])
    expect(JSON.parse(String(file('manifest.json')))).to.deep.equal([
      { Config: blobOf(archive.configId), RepoTags: [name], Layers: [blobOf(manifest.layers[0].digest)] },
    ])
  })

  it('is the same bytes whenever and wherever it is made, and has another id for another busybox', () => {
    expect(imageArchive(busybox, 'aarch64', name)).to.deep.equal(archive)
    expect(imageArchive(busybox, 'aarch64', labImage).configId).to.equal(archive.configId)
    expect(imageArchive(Buffer.alloc(1_500, 8), 'aarch64', name).configId).to.not.equal(archive.configId)
    expect(imageArchive(busybox, 'x86_64', name).configId).to.not.equal(archive.configId)
  })

  it('is made in guests, too, by a script of theirs: the same layout, by the same script the same id', () => {
    const root = mkdtempSync(join(tmpdir(), 'swp-guest-'))
    const archives = [1, 2].map((turn) => {
      mkdirSync(join(root, 'bin'), { recursive: true })
      writeFileSync(join(root, 'bin/busybox'), busybox)
      // It asks the guest's own programs by chroot, which a folder without any cannot do.
      const front = mkdtempSync(join(tmpdir(), 'swp-chroot-'))
      const chroot = `#!/bin/sh\ncase $2 in dpkg) echo armhf ;; *) echo sh; echo httpd ;; esac\n`
      writeFileSync(join(front, 'chroot'), chroot, { mode: 0o755 })
      const env = {
        ...process.env,
        PATH: `${front}:${process.env['PATH']}`,
        TZ: turn === 1 ? 'UTC' : 'Asia/Tokyo',
      }
      execFileSync('sh', ['-c', `umask ${turn === 1 ? '022' : '077'}\n${probeImageScript}`, 'sh', root], {
        env,
      })
      rmSync(front, { recursive: true })
      return readFileSync(join(root, probeImageFile))
    })
    rmSync(root, { recursive: true })
    const ids = archives.map((bytes) => {
      const made = unpacked({ bytes: gzipSync(bytes), configId: 'sha256:', manifestId: 'sha256:' })
      const [{ Config: path, RepoTags: tags }] = JSON.parse(String(made.file('./manifest.json'))) as [
        { Config: string; RepoTags: string[] },
      ]
      const index = JSON.parse(String(made.file('./index.json'))) as { manifests: [Described] }
      const [{ digest, size }] = index.manifests
      expect(tags).to.deep.equal([labImage])
      const manifest = made.file(`./${blobOf(digest)}`)
      expect([digestOf(manifest), manifest.length]).to.deep.equal([digest, size])
      const parsed = JSON.parse(String(manifest)) as { config: Described; layers: [Described] }
      for (const one of [parsed.config, ...parsed.layers]) {
        const content = made.file(`./${blobOf(one.digest)}`)
        expect([digestOf(content), content.length]).to.deep.equal([one.digest, one.size])
      }
      const config = JSON.parse(String(made.file(`./${path}`))) as {
        architecture: string
        rootfs: { diff_ids: string[] }
      }
      expect(config.architecture).to.equal('arm')
      expect(config.rootfs.diff_ids).to.deep.equal([parsed.layers[0].digest])
      return parsed.config.digest
    })
    expect(ids[0]).to.equal(ids[1])
  })
})

const [idA, idB] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`] as const

describe('loading the probe image', () => {
  it('takes the busybox of a host of another processor, and is told to be removed before it is there', async () => {
    const removed: string[] = []
    let input: unknown
    const remote = new FakeRemote('arm1')
      .answer('uname -m', 'aarch64\n')
      .answer('for id in', { exitCode: 1 })
      .answer('docker load', (_command, given) => {
        expect(removed).to.have.lengthOf(1)
        expect(removed[0])
          .to.match(/^arm1 \S+ sha256:\w+ sha256:\w+$/)
          .and.contain(name)
        input = 'input' in given ? given.input : undefined
        return `${idA}\n`
      })
    await remote.upload(program(183, 3), '/bin/busybox')
    await remote.upload(program(183, 1), '/bin/busybox.static')
    expect(await loadProbeImage([host(remote)], options(removed))).to.equal(idA)
    const expected = imageArchive(program(183, 1), 'aarch64', name)
    expect(Buffer.from(input as Uint8Array).equals(expected.bytes)).to.equal(true)
    expect(remote.commands[1]).to.include(expected.configId).and.to.include(expected.manifestId)
  })

  it('gives an image that is there a name, and sends nothing', async () => {
    const remote = new FakeRemote('arm1').answer('uname -m', 'aarch64\n').answer('for id in', `${idA}\n`)
    await remote.upload(program(183, 1), '/bin/busybox')
    expect(await loadProbeImage([host(remote)], options([]))).to.equal(idA)
    expect(remote.commands.join()).to.not.include('docker load')
  })

  it('is called by its name where hosts have it by different ids, as with different image stores', async () => {
    const hosts = await Promise.all(
      [idA, idB].map(async (id, index) => {
        const remote = new FakeRemote(`arm${index}`)
          .answer('uname -m', 'aarch64\n')
          .answer('for id in', `${id}\n`)
        await remote.upload(program(183, 1), '/bin/busybox')
        return host(remote)
      }),
    )
    expect(await loadProbeImage(hosts, options([]))).to.equal(name)
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
  const image = 'registry.example/probe:2'

  it('leaves an image alone that was there, and calls it by its id from then on', async () => {
    const removed: string[] = []
    const has = new FakeRemote('a').answer('docker image inspect', `${idA}\n`)
    const lacks = new FakeRemote('b')
      .answer('docker image inspect', { exitCode: 1 })
      .answer('docker pull', `${idA}\n`)
    const word = await pullProbeImage([host(has), host(lacks)], { ...options(removed), image })
    expect(word).to.equal(idA)
    // By its id, too: on a full disk an engine takes the name away and keeps the rest.
    expect(removed).to.deep.equal([`b ${image}`, `b ${image} ${idA}`])
    expect(has.commands.join()).to.not.contain('pull')
  })

  it('gives it a name without a registry where hosts have it by different ids', async () => {
    const removed: string[] = []
    const [a, b] = [idA, idB].map((id, index) =>
      new FakeRemote(`h${index}`).answer('docker image inspect', `${id}\n`).answer('for id in', `${id}\n`),
    ) as [FakeRemote, FakeRemote]
    const word = await pullProbeImage([host(a), host(b)], { ...options(removed), image })
    expect(word).to.equal(name)
    expect(removed.toSorted()).to.deep.equal([`h0 ${name}`, `h1 ${name}`])
    expect(a.commands.at(-1)).to.include(idA).and.to.include(`docker tag "$id" ${name}`)
  })
})

describe('the image of a lab', () => {
  it('is called by its id where all hosts have the same, and a word that is no id is refused', async () => {
    const with_ = (...ids: string[]): Host[] =>
      ids.map((id, index) => host(new FakeRemote(`h${index}`).answer('docker image inspect', `${id}\n`)))
    expect(await standingImage(with_(idA, idA), labImage)).to.equal(idA)
    expect(await standingImage(with_(idA, idB), labImage)).to.equal(labImage)
    const error = await standingImage(with_(idA, 'x; id'), labImage).catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(RangeError)
  })
})
