import { InputError, SwarmproofError } from '../error.ts'
import { defaultEngine, engineNames } from '../topology/engine.ts'
import type { EngineName } from '../topology/engine.ts'
import type { InitName } from '../topology/init.ts'
import type { Distribution } from './distribution.ts'
import { type EnginePackage, enginePackageKey } from './engine-package.ts'
import {
  containerFinishScript,
  guestFinishScript,
  guestInit,
  guestSshdConfig,
  installEngineScript,
  probeImageScript,
  sealProgram,
} from './guest-init.ts'
import { contentKey } from './manifest.ts'
import { systemdFiles, systemdPackages } from './systemd-guest.ts'

/** Everything the guest image is made from. Two equal recipes give interchangeable images. */
export interface GuestRecipe {
  readonly suite: string
  /** Given where it is not a script of swarmproof's own. */
  readonly init?: 'systemd'
  /** Suite of this machine whose archive address the guest's suite is fetched from. */
  readonly archiveOf: string
  /** Another suite of the same archive, from which packages named `name/suite` come. */
  readonly beside?: string
  readonly components: readonly string[]
  readonly packages: readonly string[]
  readonly diskMib: number
  /** An engine that is given as files, installed before `finish`. */
  readonly enginePackage?: EnginePackage
  /** Files the build puts beside `finish`, by name. */
  readonly files: Readonly<Record<string, string>>
}

/** Suites whose sshd punishes addresses that connect often, and can be told not to. */
const withSourcePenalties = ['trixie', 'forky', 'sid', 'questing']

const packages = [
  'docker.io',
  'iptables',
  'nftables',
  'iproute2',
  'ipvsadm',
  'openssh-server',
  'tcpdump',
  'kmod',
  'iputils-ping',
  'curl',
  'ethtool',
  'procps',
  'ca-certificates',
  'busybox-static',
  'initramfs-tools',
]

/** Which suite of Debian's archive has which engine, and what its guests need beside the usual packages. */
const debianSuites: Readonly<
  Record<EngineName, { readonly suite: string; readonly beside?: string; readonly extra: readonly string[] }>
> = {
  // There the package of the engine holds its command line, too.
  '20.10': { suite: 'bookworm', extra: ['linux-image-cloud-amd64'] },
  '26.1': { suite: 'trixie', extra: ['docker-cli', 'linux-image-cloud-amd64'] },
  // With the kernel of the stable release: what differs then is the engine, and the newest stalls when it is emulated.
  '28.5': { suite: 'sid', beside: 'trixie', extra: ['docker-cli', 'linux-image-cloud-amd64/trixie'] },
}

/** The engine of a release of Ubuntu, as its archive had it when it came out. */
const ubuntuEngines: Readonly<Record<string, string>> = { jammy: '20.10', noble: '24.0' }

/** What guests of a recipe have for an engine, and as process 1. */
export interface GuestKind {
  /** Of the archive; where the engine is given as files, what guests have besides is of that suite. */
  readonly engine?: EngineName
  readonly init?: InitName
  readonly enginePackage?: EnginePackage
}

/**
 * The recipe of guests of this kind; what is not given is as guests of this distribution have it by default.
 * Throws InputError for an engine its archive does not hold, and for programs where there must be units of systemd.
 */
export function guestRecipe(
  distribution: Distribution,
  { engine, init, enginePackage }: GuestKind = {},
): GuestRecipe {
  const made = engineRecipe(distribution, engine)
  const given = enginePackage === undefined ? made : withEnginePackage(made, enginePackage, init)
  return init === 'systemd' ? withSystemd(given) : given
}

/** Packages of the archive that an engine given as files replaces; what else it needs it names itself. */
const ofArchiveEngine: ReadonlySet<string> = new Set(['docker.io', 'docker-cli'])

function withEnginePackage(
  plain: GuestRecipe,
  enginePackage: EnginePackage,
  init: InitName | undefined,
): GuestRecipe {
  const { kind } = enginePackage
  if (kind === 'programs' && init === 'systemd')
    throw new InputError({
      code: 'ENGINE_PACKAGE_WITHOUT_UNITS',
      what: 'hosts with systemd need the units of an engine, which a folder of programs does not hold',
      hint: 'give the packages of the engine: --engine-package FILE.deb…',
    })
  return {
    ...plain,
    packages: plain.packages.filter((name) => !ofArchiveEngine.has(name)),
    enginePackage,
    files: { ...plain.files, 'install-engine': installEngineScript(kind) },
  }
}

function engineRecipe(distribution: Distribution, engine: EngineName | undefined): GuestRecipe {
  if (distribution.family === 'debian') {
    const { suite, beside, extra } = debianSuites[engine ?? defaultEngine]
    const made = recipe(suite, distribution.codename, ['main'], extra)
    return beside === undefined ? made : { ...made, beside }
  }
  if (distribution.family === 'ubuntu') {
    const suite = distribution.codename
    if (engine !== undefined && engine !== ubuntuEngines[suite]) throw notAvailable(distribution, engine)
    // The modules a swarm needs (netem, some matches) are in the "extra" half of Ubuntu's kernel.
    return recipe(suite, suite, ['main', 'universe'], ['linux-image-extra-virtual'])
  }
  throw new SwarmproofError({
    code: 'DISTRIBUTION_UNKNOWN',
    what: `swarmproof does not know how to build a guest on '${distribution.prettyName}'`,
    expected: 'Debian 12 or 13, or Ubuntu 22.04 or 24.04',
    hint: 'run labs on one of these, or verify hosts you already have',
  })
}

/** The recipe of container hosts with the same engine: what a guest has, without what makes it a machine. */
export function containerRecipe(
  distribution: Distribution,
  engine?: EngineName,
): Omit<GuestRecipe, 'diskMib'> {
  const { suite, archiveOf, components, packages: ofGuest } = engineRecipe(distribution, engine)
  const ofMachine = /^(openssh-server|initramfs-tools|linux-image-.*)$/
  return {
    ...{ suite, archiveOf, components },
    packages: ofGuest.filter((name) => !ofMachine.test(name)),
    files: { 'probe-image': probeImageScript, finish: containerFinishScript },
  }
}

function notAvailable(distribution: Distribution, engine: EngineName): InputError {
  const own = ubuntuEngines[distribution.codename] ?? 'the one of its own archive'
  return new InputError({
    code: 'ENGINE_NOT_AVAILABLE',
    what: `guests with engine ${engine} cannot be built on '${distribution.prettyName}'`,
    expected: `available here: ${own}, which is what labs have when no engine is named`,
    hint: `name no engine, or run labs on Debian, whose archive has ${engineNames.join(', ')}`,
  })
}

export function recipeKey(recipe: Omit<GuestRecipe, 'diskMib'>): string {
  const { enginePackage, ...others } = recipe
  const given = enginePackage === undefined ? {} : { enginePackage: enginePackageKey(enginePackage) }
  return `${recipe.suite}-${contentKey({ ...others, ...given })}`
}

function withSystemd(plain: GuestRecipe): GuestRecipe {
  const sshd = guestSshdConfig(withSourcePenalties.includes(plain.suite), 'yes')
  return {
    ...plain,
    init: 'systemd',
    packages: [...plain.packages, ...systemdPackages],
    files: { ...systemdFiles(plain.files), sshd_config: sshd },
  }
}

function recipe(
  suite: string,
  archiveOf: string,
  components: readonly string[],
  extra: readonly string[],
): GuestRecipe {
  return {
    suite,
    archiveOf,
    components,
    packages: [...packages, ...extra],
    diskMib: 3072,
    files: {
      init: guestInit,
      'seal-program.pl': sealProgram,
      sshd_config: guestSshdConfig(withSourcePenalties.includes(suite)),
      'probe-image': probeImageScript,
      finish: guestFinishScript,
    },
  }
}
