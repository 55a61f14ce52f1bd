import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseDistribution } from './distribution.ts'
import { guestRecipe, recipeKey } from './guest-recipe.ts'

const debian = parseDistribution('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n')
const plain = guestRecipe(debian)
const recipe = guestRecipe(debian, { init: 'systemd' })

describe('the recipe of a guest with systemd', () => {
  it('has an image of its own, and leaves the usual one what it is', () => {
    expect(recipeKey(guestRecipe(debian, { init: 'script' }))).to.equal(recipeKey(plain))
    expect(plain).not.to.have.property('init')
    expect(recipeKey(recipe)).not.to.equal(recipeKey(plain))
    expect(recipeKey(guestRecipe(debian, { engine: '28.5', init: 'systemd' }))).not.to.equal(
      recipeKey(recipe),
    )
  })

  it('has all that other guests have, and login sessions', () => {
    expect(recipe.packages).to.include.members([...plain.packages, 'systemd-sysv', 'libpam-systemd', 'sudo'])
    expect(recipe.files['sshd_config']).to.equal(
      plain.files['sshd_config']?.replace('UsePAM no', 'UsePAM yes'),
    )
    expect(recipe.files['finish-any']).to.equal(plain.files['finish'])
    expect(recipe.files['probe-image']).to.equal(plain.files['probe-image'])
  })

  for (const name of ['init', 'finish', 'agent', 'after-identity']) {
    it(`${name} is shell`, () => {
      const { status, stderr } = spawnSync('sh', ['-n'], {
        input: recipe.files[name] ?? '(',
        encoding: 'utf8',
      })
      expect(stderr).to.equal('')
      expect(status).to.equal(0)
    })
  }
})

describe('the last touches to a guest with systemd', () => {
  const folder = mkdtempSync(join(tmpdir(), 'swarmproof-systemd-guest-'))
  const [files, bin, root] = ['recipe', 'bin', 'root'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const inRoot = (path: string): string => readFileSync(join(root, path), 'utf8')

  before(() => {
    const folders = ['usr/lib/systemd/system', 'usr/lib/systemd/system-generators', 'etc/systemd/system']
    for (const path of [
      files,
      bin,
      ...[...folders, 'usr/lib/swarmproof', 'etc/sudoers.d'].map((one) => join(root, one)),
    ])
      mkdirSync(path, { recursive: true })
    for (const [name, content] of Object.entries(recipe.files)) writeFileSync(join(files, name), content)
    writeFileSync(join(files, 'finish-any'), 'echo any > "$1/finished"\n')
    writeFileSync(join(bin, 'chroot'), '#!/bin/sh\nroot=$1; shift; echo "$@" >> "$root/chroot.log"\n')
    chmodSync(join(bin, 'chroot'), 0o755)
    for (const name of [
      'system/apt-daily.timer',
      'system/ssh.service',
      'system-generators/systemd-getty-generator',
    ])
      writeFileSync(join(root, 'usr/lib/systemd', name), '')
    const { status, stderr } = spawnSync('sh', [join(files, 'finish'), root], {
      env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` },
      encoding: 'utf8',
    })
    expect(stderr).to.equal('')
    expect(status).to.equal(0)
  })

  after(() => rmSync(folder, { recursive: true }))

  it('come after those of every guest', () => {
    expect(inRoot('finished')).to.equal('any\n')
  })

  it('end the processes of a session with it', () => {
    expect(inRoot('etc/systemd/logind.conf.d/swarmproof.conf')).to.equal('[Login]\nKillUserProcesses=yes\n')
  })

  it('make a login that sudo lets become root, in a file sudo accepts', () => {
    expect(inRoot('chroot.log')).to.include('useradd --create-home --shell /bin/bash ops\n')
    expect(inRoot('etc/sudoers.d/ops')).to.equal('ops ALL=(ALL:ALL) NOPASSWD: ALL\n')
    expect(statSync(join(root, 'etc/sudoers.d/ops')).mode & 0o777).to.equal(0o440)
  })

  it('leave nothing that costs time: no timer, generator or console', () => {
    for (const masked of [
      'system/apt-daily.timer',
      'system/getty.target',
      'system-generators/systemd-getty-generator',
    ])
      expect(readlinkSync(join(root, 'etc/systemd', masked)), masked).to.equal('/dev/null')
    expect(inRoot('chroot.log')).to.include('systemctl disable ssh.service\n')
  })

  it('load the modules every guest has', () => {
    const modules = inRoot('etc/modules-load.d/swarmproof.conf').trimEnd().split('\n')
    expect(modules).to.include.members(['ip_vs', 'vxlan', 'xt_u32'])
    expect(plain.files['init']).to.include(`modules='${modules.join(' ')}'`)
  })
})
