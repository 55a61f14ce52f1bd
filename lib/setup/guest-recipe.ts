import { SwarmproofError } from '../error.ts'
import type { Distribution } from './distribution.ts'
import { finishScript, guestInit, guestSshdConfig, probeImageScript } from './guest-init.ts'
import { contentKey } from './manifest.ts'

/** Everything the guest image is made from. Two equal recipes give interchangeable images. */
export interface GuestRecipe {
  readonly suite: string
  /** Suite of this machine whose archive address the guest's suite is fetched from. */
  readonly archiveOf: string
  readonly components: readonly string[]
  readonly packages: readonly string[]
  readonly diskMib: number
  /** Files the build puts beside `finish`, by name. */
  readonly files: Readonly<Record<string, string>>
}

/** The tag of the probe image in every guest. */
export const probeImageTag = 'swarmproof/probe:1'

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

export function guestRecipe(distribution: Distribution): GuestRecipe {
  const recent = ['trixie', 'forky', 'sid', 'questing']
  if (distribution.family === 'debian') {
    const suite = 'trixie'
    return recipe(suite, distribution.codename, ['main'], ['docker-cli', 'linux-image-cloud-amd64'], recent)
  }
  if (distribution.family === 'ubuntu') {
    const suite = distribution.codename
    // The modules a swarm needs (netem, some matches) are in the "extra" half of Ubuntu's kernel.
    return recipe(suite, suite, ['main', 'universe'], ['linux-image-extra-virtual'], recent)
  }
  throw new SwarmproofError({
    code: 'DISTRIBUTION_UNKNOWN',
    what: `swarmproof does not know how to build a guest on '${distribution.prettyName}'`,
    expected: 'Debian 12 or 13, or Ubuntu 22.04 or 24.04',
    hint: 'run labs on one of these, or verify hosts you already have',
  })
}

export function recipeKey(recipe: GuestRecipe): string {
  return `${recipe.suite}-${contentKey(recipe)}`
}

function recipe(
  suite: string,
  archiveOf: string,
  components: readonly string[],
  extra: readonly string[],
  withSourcePenalties: readonly string[],
): GuestRecipe {
  return {
    suite,
    archiveOf,
    components,
    packages: [...packages, ...extra],
    diskMib: 3072,
    files: {
      init: guestInit,
      sshd_config: guestSshdConfig(withSourcePenalties.includes(suite)),
      'probe-image': probeImageScript,
      finish: finishScript,
    },
  }
}
