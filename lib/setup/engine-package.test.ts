import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { InputError } from '../error.ts'
import { parseDistribution } from './distribution.ts'
import { describeEnginePackage, readEnginePackage } from './engine-package.ts'
import { guestRecipe, recipeKey } from './guest-recipe.ts'

const names = [
  'containerd',
  'containerd-shim-runc-v2',
  'docker',
  'docker-init',
  'docker-proxy',
  'dockerd',
  'runc',
]
const debian = parseDistribution('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n')

async function refusal(read: Promise<unknown>): Promise<string> {
  const error = await read.catch((thrown: unknown) => thrown)
  expect(error).to.be.instanceOf(InputError).with.property('code', 'ENGINE_PACKAGE')
  return (error as Error).message
}

describe('an engine that is given as files', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'swp-test-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  /** A package as dpkg-deb makes it, with this file in it. */
  function packageOf(name: string, file: string, architecture = 'amd64'): string {
    const tree = join(folder, 'tree', name)
    mkdirSync(join(tree, 'DEBIAN'), { recursive: true })
    mkdirSync(join(tree, 'usr/bin'), { recursive: true })
    writeFileSync(join(tree, 'usr/bin', file), '')
    writeFileSync(
      join(tree, 'DEBIAN/control'),
      `Package: ${name}\nVersion: 1\nArchitecture: ${architecture}\nMaintainer: x <x@example.invalid>\nDescription: x\n`,
    )
    const path = join(folder, `${name}_1_${architecture}.deb`)
    const made = spawnSync('dpkg-deb', ['--build', '--root-owner-group', tree, path], { encoding: 'utf8' })
    expect(made.status, made.stderr).to.equal(0)
    return path
  }

  function programsIn(where: string, which = names): string {
    const programs = join(folder, where)
    mkdirSync(programs)
    // Any program of this machine will do.
    for (const name of which) copyFileSync(realpathSync('/bin/true'), join(programs, name))
    return programs
  }

  it('is packages, one of which holds dockerd, or a folder of programs', async () => {
    const packages = await readEnginePackage([
      packageOf('engine', 'dockerd'),
      packageOf('cli', 'docker', 'all'),
    ])
    expect(packages.kind).to.equal('packages')
    expect(packages.files.map(({ name }) => name)).to.deep.equal(['cli_1_all.deb', 'engine_1_amd64.deb'])
    expect(packages.files[0]?.sha256).to.match(/^[0-9a-f]{64}$/)
    expect(describeEnginePackage(packages)).to.equal('cli_1_all.deb and 1 more')
    const programs = await readEnginePackage([programsIn('static')])
    expect(programs.kind).to.equal('programs')
    expect(programs.files.map(({ name }) => name)).to.deep.equal(names)
  })

  it('is refused by the file that is wrong, with what is expected', async () => {
    const engine = packageOf('engine', 'dockerd')
    const text = join(folder, 'text.deb')
    writeFileSync(text, 'not a package')
    expect(await refusal(readEnginePackage([join(folder, 'gone.deb')]))).to.contain(
      'gone.deb: there is no such file',
    )
    expect(await refusal(readEnginePackage([engine, text]))).to.contain('text.deb: it is no Debian package')
    writeFileSync(text, '!<arch>\nand then nothing of one')
    expect(await refusal(readEnginePackage([text]))).to.contain('dpkg-deb cannot read it')
    expect(await refusal(readEnginePackage([packageOf('cli', 'docker')]))).to.contain(
      'none of these packages holds /usr/bin/dockerd: cli_1_amd64.deb',
    )
    expect(await refusal(readEnginePackage([packageOf('arm', 'dockerd', 'arm64')]))).to.contain(
      'it is for arm64',
    )
    expect(await refusal(readEnginePackage([engine, packageOf('other', 'dockerd')]))).to.contain(
      'more than one',
    )
    expect(await refusal(readEnginePackage([engine, folder]))).to.contain('a folder of programs goes alone')
    writeFileSync(join(folder, 'docker.tgz'), '')
    expect(await refusal(readEnginePackage([join(folder, 'docker.tgz')]))).to.contain(
      'neither a folder nor a Debian',
    )
    const some = programsIn('some', ['docker', 'dockerd'])
    expect(await refusal(readEnginePackage([some]))).to.contain(
      'the folder lacks containerd, containerd-shim-runc-v2, docker-proxy, runc',
    )
    const foreign = programsIn('foreign')
    writeFileSync(join(foreign, 'runc'), '#!/bin/sh\n')
    expect(await refusal(readEnginePackage([foreign]))).to.contain('runc: it is no program for x86-64')
  })

  it('is refused where a file is cut off, for another processor, or not a file at all', async () => {
    const cut = packageOf('cut', 'dockerd')
    truncateSync(cut, statSync(cut).size - 60)
    expect(await refusal(readEnginePackage([cut]))).to.contain('cut_1_amd64.deb: dpkg-deb cannot list it')
    const foreign = programsIn('foreign')
    const program = readFileSync(join(foreign, 'dockerd'))
    // EM_AARCH64.
    program.writeUInt16LE(183, 18)
    writeFileSync(join(foreign, 'dockerd'), program)
    expect(await refusal(readEnginePackage([foreign]))).to.contain('dockerd: it is no program for x86-64')
    const nested = programsIn(
      'nested',
      names.filter((name) => name !== 'dockerd'),
    )
    mkdirSync(join(nested, 'dockerd'))
    expect(await refusal(readEnginePackage([nested]))).to.contain('dockerd: it is a folder, not a program')
    expect(await refusal(readEnginePackage(['/dev/null']))).to.contain('neither a file nor a folder')
    expect(await refusal(readEnginePackage([foreign, foreign]))).to.contain('a folder of programs goes alone')
  })

  it('makes an image of its own, by what the files hold and not by where they are', async () => {
    const [first, same] = [
      await readEnginePackage([programsIn('a')]),
      await readEnginePackage([programsIn('b')]),
    ]
    const key = (enginePackage?: typeof first): string =>
      recipeKey(guestRecipe(debian, enginePackage === undefined ? {} : { enginePackage }))
    expect(key(first)).to.equal(key(same))
    expect(key(first)).to.not.equal(key())
    const changed = programsIn('c')
    copyFileSync(realpathSync('/bin/false'), join(changed, 'runc'))
    expect(key(await readEnginePackage([changed]))).to.not.equal(key(first))
  })

  it('takes the place of the one of the archive, and needs units where systemd starts it', async () => {
    const programs = await readEnginePackage([programsIn('static')])
    const recipe = guestRecipe(debian, { enginePackage: programs })
    expect(recipe.packages).to.not.include('docker.io').and.not.include('docker-cli')
    expect(recipe.packages).to.include.members(['iptables', 'openssh-server'])
    expect(recipe.files['install-engine']).to.contain('kind=programs')
    expect(() => guestRecipe(debian, { enginePackage: programs, init: 'systemd' }))
      .to.throw(InputError)
      .with.property('code', 'ENGINE_PACKAGE_WITHOUT_UNITS')
    const packages = await readEnginePackage([packageOf('engine', 'dockerd')])
    const withUnits = guestRecipe(debian, { enginePackage: packages, init: 'systemd' })
    expect(withUnits.files).to.include.keys('install-engine', 'finish-any')
  })

  it('is installed to the root of a guest', async () => {
    const root = join(folder, 'root')
    const recipe = join(folder, 'recipe')
    mkdirSync(join(root, 'usr/bin'), { recursive: true })
    mkdirSync(recipe)
    const programs = programsIn('static')
    const made = guestRecipe(debian, { enginePackage: await readEnginePackage([programs]) })
    writeFileSync(join(recipe, 'install-engine'), made.files['install-engine'] ?? '')
    spawnSync('cp', ['-r', programs, join(recipe, 'engine')])
    // The root has no loader: whether the engine there starts is tried by one that says what it is given.
    const tools = join(folder, 'tools')
    mkdirSync(tools)
    writeFileSync(join(tools, 'chroot'), '#!/bin/sh\necho "in $1: $2 $3"\n', { mode: 0o755 })
    const { stdout, status } = spawnSync('sh', [join(recipe, 'install-engine'), root], {
      encoding: 'utf8',
      env: { PATH: `${tools}:${process.env.PATH}` },
    })
    expect(status).to.equal(0)
    expect(stdout).to.equal(`in ${root}: dockerd --version\n`)
    for (const name of names) expect(spawnSync(join(root, 'usr/bin', name)).status, name).to.equal(0)
  })
})
