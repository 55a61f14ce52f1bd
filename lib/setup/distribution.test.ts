import { expect } from 'chai'
import { isKnownRelease, isTestedRelease, parseDistribution } from './distribution.ts'
import type { Distribution } from './distribution.ts'
import { InputError } from '../error.ts'
import { engineNames } from '../topology/engine.ts'
import { containerRecipe, guestRecipe, recipeKey } from './guest-recipe.ts'
import { missingTools, testTools, toolsFor, unitTestTools } from './system-packages.ts'

const release = (id: string, version: string, codename: string): Distribution =>
  parseDistribution(
    `PRETTY_NAME="${id} ${version}"\nID=${id}\nVERSION_ID="${version}"\nVERSION_CODENAME=${codename}\n`,
  )

const bookworm = release('debian', '12', 'bookworm')
const trixie = release('debian', '13', 'trixie')
const jammy = release('ubuntu', '22.04', 'jammy')
const noble = release('ubuntu', '24.04', 'noble')

describe('distribution', () => {
  it('is read from os-release, quoted or not', () => {
    expect(bookworm).to.deep.equal({
      id: 'debian',
      version: '12',
      codename: 'bookworm',
      prettyName: 'debian 12',
      family: 'debian',
    })
    expect(parseDistribution('').family).to.equal(undefined)
  })

  it('is known for the four releases, tested on one', () => {
    expect([bookworm, trixie, jammy, noble].map(isKnownRelease)).to.deep.equal([true, true, true, true])
    expect(isKnownRelease(release('debian', '11', 'bullseye'))).to.equal(false)
    expect([bookworm, trixie, jammy, noble].map(isTestedRelease)).to.deep.equal([true, false, false, false])
  })
})

describe('system packages', () => {
  const names = (distribution: Distribution): string[] => toolsFor(distribution).map((tool) => tool.package)

  it('take QEMU from the distribution except on Debian 12, whose own is too old', () => {
    expect(names(bookworm)).not.to.include('qemu-system-x86')
    for (const distribution of [trixie, jammy, noble]) {
      expect(names(distribution)).to.include.members(['qemu-system-x86', 'qemu-utils'])
    }
  })

  it('are missing only where the program is', () => {
    const missing = missingTools(bookworm, (program) =>
      program === 'vde_switch' ? undefined : `/x/${program}`,
    )
    expect(missing.map((tool) => tool.package)).to.deep.equal(['vde2'])
  })

  it('of the tests alone are never installed for a run', () => {
    for (const tool of testTools) expect(names(bookworm)).not.to.include(tool.package)
  })

  it('of unit tests have iptables and an SSH server, and nothing that builds or runs a lab', () => {
    const programs = unitTestTools.map(({ program }) => program)
    expect(programs).to.include.members(['ssh', 'sshd', 'ip', 'iptables', 'tcpdump', 'tshark', 'busybox'])
    const ofLabs = ['mmdebstrap', 'mke2fs', 'vde_switch', 'qemu-system-x86_64', 'qemu-img', 'dockerd']
    for (const program of ofLabs) expect(programs).to.not.include(program)
    const all = [...toolsFor(noble), ...testTools].map(({ program }) => program)
    expect(all).to.include.members([...programs, ...ofLabs])
  })

  it('have no Java among them', () => {
    for (const tool of [...toolsFor(noble), ...testTools]) expect(tool.program).to.not.equal('java')
  })
})

describe('guest recipe', () => {
  it('builds a current Debian on Debian, and its own release on Ubuntu', () => {
    expect(guestRecipe(bookworm)).to.include({ suite: 'trixie', archiveOf: 'bookworm' })
    expect(guestRecipe(trixie)).to.include({ suite: 'trixie', archiveOf: 'trixie' })
    expect(guestRecipe(jammy)).to.include({ suite: 'jammy', archiveOf: 'jammy' })
    expect(guestRecipe(noble).components).to.include('universe')
    expect(guestRecipe(noble).packages).to.include('linux-image-extra-virtual')
  })

  it('gives sshd only settings it knows', () => {
    expect(guestRecipe(bookworm).files['sshd_config']).to.include('PerSourcePenalties no')
    expect(guestRecipe(noble).files['sshd_config']).not.to.include('PerSourcePenalties')
  })

  it('has another key when anything in it changes', () => {
    const recipe = guestRecipe(bookworm)
    const changed = { ...recipe, files: { ...recipe.files, init: `${recipe.files['init']}# more\n` } }
    expect(recipeKey(recipe)).to.equal(recipeKey(guestRecipe(bookworm)))
    expect(recipeKey(changed)).not.to.equal(recipeKey(recipe))
  })

  it('takes each engine from the suite of Debian that has it', () => {
    const suites = engineNames.map((engine) => guestRecipe(bookworm, { engine }).suite)
    expect(suites).to.deep.equal(['bookworm', 'trixie', 'sid'])
    expect(recipeKey(guestRecipe(bookworm, { engine: '26.1' }))).to.equal(recipeKey(guestRecipe(bookworm)))
    expect(guestRecipe(bookworm, { engine: '20.10' }).packages).not.to.include('docker-cli')
    expect(guestRecipe(bookworm, { engine: '20.10' }).files['sshd_config']).not.to.include(
      'PerSourcePenalties',
    )
  })

  it("has on Ubuntu its release's own engine only, and says which", () => {
    expect(recipeKey(guestRecipe(jammy, { engine: '20.10' }))).to.equal(recipeKey(guestRecipe(jammy)))
    expect(() => guestRecipe(jammy, { engine: '28.5' }))
      .to.throw(InputError, /28\.5[\s\S]*available here: 20\.10/)
      .with.property('code', 'ENGINE_NOT_AVAILABLE')
    expect(() => guestRecipe(noble, { engine: '26.1' })).to.throw(InputError, /available here: 24\.0/)
  })

  it('of a container host has the engine of its guest, and nothing that makes it a machine', () => {
    for (const engine of engineNames) {
      const [guest, container] = [guestRecipe(bookworm, { engine }), containerRecipe(bookworm, engine)]
      expect(container.suite).to.equal(guest.suite)
      expect(container.packages).to.include.members(['docker.io', 'tcpdump', 'ipvsadm', 'busybox-static'])
      expect(container.packages.filter((name) => /^(linux-|openssh|initramfs)/.test(name))).to.deep.equal([])
      expect(Object.keys(container.files)).to.have.members(['finish', 'probe-image'])
    }
  })

  it('is refused elsewhere, with what would do', () => {
    expect(() => guestRecipe(release('fedora', '42', ''))).to.throw(/fedora 42[\s\S]*Debian 12 or 13/)
  })
})
