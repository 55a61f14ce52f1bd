import { engineSetup } from '../discovery/engine-setup.ts'
import { type ModuleName, packageOfTool, type ToolName } from '../discovery/host-facts.ts'
import type { KnownHost } from '../discovery/known-host.ts'
import { overlapsOf } from '../discovery/overlaps.ts'
import type { HostAddresses, OwnAddress } from '../discovery/own-addresses.ts'

/** What stands for or against verifying a host. */
export interface HostFinding {
  readonly host: string
  readonly name: string
  /** `missing`: it cannot be verified so. `warning`: it can, and something will fail, be skipped or be in doubt. */
  readonly status: 'ok' | 'warning' | 'missing' | 'unknown'
  readonly detail: string
  readonly hint?: string
}

type Finding = Omit<HostFinding, 'host'>

const ok = (name: string, detail: string): Finding => ({ name, status: 'ok', detail })
const warning = (name: string, detail: string, hint?: string): Finding => ({
  ...{ name, status: 'warning' as const, detail },
  ...(hint === undefined ? {} : { hint }),
})

/** Everything worth knowing of one host before it is verified, one line each. */
export function hostFindings(host: KnownHost, addresses: HostAddresses | undefined): readonly HostFinding[] {
  const findings = [
    engine(host),
    ...engineSettings(host),
    swarm(host),
    ok('kernel', `${host.facts.kernelRelease}, ${host.facts.architecture}`),
    ...modules(host),
    tools(host),
    clock(host),
    ...(addresses === undefined ? [] : underlay(addresses)),
    firewall(host),
    ...offloads(host),
    disk(host),
    memory(host),
    ...overlaps(host),
  ]
  return findings.map((finding) => ({ host: host.inventory.name, ...finding }))
}

function engine({ facts }: KnownHost): Finding {
  const { version, apiVersion, operatingSystem } = facts.engine
  const detail = `${version}, API ${apiVersion}, ${operatingSystem}`
  if (!hasLeakyEncryption(version)) return ok('engine', detail)
  return warning(
    'engine',
    `${detail}: encrypted overlays accept clear text (CVE-2023-28840)`,
    'update the engine to 20.10.24, 23.0.3 or later',
  )
}

/** How an engine is set up that cannot be in a swarm, or cannot be looked into. */
function engineSettings({ facts }: KnownHost): Finding[] {
  return engineSetup(facts).map(({ kind, what, hint }) => ({
    ...{ name: 'engine settings', status: kind === 'unfit' ? ('missing' as const) : ('warning' as const) },
    ...{ detail: what, hint },
  }))
}

/** Fixed in 20.10.24 and 23.0.3. */
function hasLeakyEncryption(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+~-]/).map(Number)
  if (major === 23) return minor === 0 && patch < 3
  if (major === 20) return minor < 10 || (minor === 10 && patch < 24)
  return major > 0 && major < 20
}

function swarm({ facts: { swarm: state } }: KnownHost): Finding {
  if (state.state === 'inactive') return ok('swarm', 'in none')
  if (state.state === 'active')
    return ok('swarm', `${state.isManager ? 'manager' : 'worker'}, node ${state.nodeId}`)
  const hint = state.state === 'locked' ? 'docker swarm unlock' : 'journalctl -u docker -n 50'
  return {
    name: 'swarm',
    status: 'missing',
    detail: `${state.state}${state.error === '' ? '' : `: ${state.error}`}`,
    hint,
  }
}

const needs: Readonly<Record<ModuleName, string>> = {
  vxlan: 'overlay networks',
  ip_vs: 'virtual IPs, balancing and the routing mesh',
  esp4: 'encrypted overlays',
  xt_bpf: 'the rules that enforce encryption (engine 23.0 and later)',
  xt_u32: 'the rules that enforce encryption (engine 20.10)',
  br_netfilter: 'filtering on bridges',
}

function modules({ facts }: KnownHost): Finding[] {
  const names = Object.keys(needs) as ModuleName[]
  const there = names.filter((name) => !['missing', 'unknown'].includes(facts.modules[name]))
  const summary = there.map((name) => `${name} ${facts.modules[name]}`).join(', ')
  const oneMatch = facts.modules.xt_bpf !== 'missing' || facts.modules.xt_u32 !== 'missing'
  const lacking = names.filter(
    (name) =>
      facts.modules[name] === 'missing' &&
      !(oneMatch && (name === 'xt_u32' || name === 'xt_bpf')) &&
      name !== 'br_netfilter',
  )
  const unknown = names.filter((name) => facts.modules[name] === 'unknown')
  return [
    ...(summary === '' ? [] : [ok('modules', summary)]),
    ...lacking.map((name): Finding => ({
      name: `module ${name}`,
      status: name === 'vxlan' ? 'missing' : 'warning',
      detail: `the kernel has none: ${needs[name]} will fail`,
      hint: 'install the package with all modules of this kernel (linux-modules-extra on Ubuntu), or another kernel',
    })),
    ...(unknown.length === 0
      ? []
      : [
          {
            name: 'modules',
            status: 'unknown' as const,
            detail: `no list of this kernel's modules; not loaded now: ${unknown.join(', ')}`,
          },
        ]),
  ]
}

/** Without these nothing can be verified; without the others what needs them is skipped by name. */
const indispensable: readonly ToolName[] = ['perl', 'ip']
/** Engines bring their own way, or it serves a single finding. */
const dispensable: readonly ToolName[] = ['nft', 'ethtool']

function tools({ facts }: KnownHost): Finding {
  const missing = (Object.keys(packageOfTool) as ToolName[]).filter(
    (name) => facts.tools[name] === undefined && !dispensable.includes(name),
  )
  if (missing.length === 0) return ok('tools', 'all that requirements need')
  const packages = [...new Set(missing.map((name) => packageOfTool[name]))].join(' ')
  const blocks = missing.some((name) => indispensable.includes(name))
  return {
    name: 'tools',
    status: blocks ? 'missing' : 'warning',
    detail: `without ${missing.join(', ')}${blocks ? '' : ': requirements that need them are skipped by name'}`,
    hint: `apt-get install --no-install-recommends ${packages}, or give --toolbox-image`,
  }
}

const clockToleranceMs = 1000

function clock({
  facts: {
    clock: { offsetMs, uncertaintyMs },
  },
}: KnownHost): Finding {
  const inStep = Math.abs(offsetMs) <= uncertaintyMs
  const detail = inStep
    ? `in step with this machine's (± ${uncertaintyMs} ms)`
    : `${Math.abs(offsetMs)} ms ${offsetMs < 0 ? 'behind' : 'ahead of'} this machine's (± ${uncertaintyMs} ms)`
  return Math.abs(offsetMs) - uncertaintyMs > clockToleranceMs
    ? warning('clock', detail, 'let chrony or systemd-timesyncd set it; certificates of a swarm depend on it')
    : ok('clock', detail)
}

const usualMtuBytes = 1500

function underlay({ advertise, dataPath }: HostAddresses): Finding[] {
  const one = ({ address, prefixLength, interface: name }: OwnAddress): string =>
    `${address}/${prefixLength} on ${name}`
  const same = advertise.address === dataPath.address
  const addresses = same ? one(advertise) : `advertises ${one(advertise)}, data path ${one(dataPath)}`
  const { mtuBytes, interface: name } = dataPath
  const mtu = `${mtuBytes} on ${name}`
  return [
    ok('addresses', addresses),
    mtuBytes >= usualMtuBytes
      ? ok('MTU', mtu)
      : warning(
          'MTU',
          `${mtu}: overlays take 1500 for granted`,
          `make networks with --opt com.docker.network.driver.mtu=${mtuBytes}, ingress too`,
        ),
  ]
}

function firewall({
  facts: {
    firewall: { managers, input },
  },
}: KnownHost): Finding {
  const words = [...managers, ...input]
  if (words.length === 0) return ok('firewall', 'none that filters what arrives')
  const reloads = managers.includes('firewalld') ? '; reloading it takes away rules of the engine' : ''
  return ok('firewall', `${words.join('; ')}${reloads}`)
}

/** moby/moby#41775: what vmxnet3 offloads inside VXLAN arrives with wrong checksums. */
function offloads({ facts }: KnownHost): Finding[] {
  const suspects = facts.interfaces.filter(({ driver }) => driver === 'vmxnet3')
  const bad = suspects.filter((card) => card.offloads?.includes('tx-checksum-ip-generic') === true)
  if (bad.length > 0) {
    const [names, commands] = [
      bad.map(({ name }) => name),
      bad.map(({ name }) => `ethtool -K ${name} tx-checksum-ip-generic off`),
    ]
    return [
      warning(
        'offloads',
        `vmxnet3 computes checksums on ${names.join(', ')}: over VXLAN, pings pass and TCP fails`,
        commands.join('; '),
      ),
    ]
  }
  const unread = suspects.filter((card) => card.offloads === undefined)
  if (unread.length > 0) {
    const names = unread.map(({ name }) => name).join(', ')
    return [
      {
        name: 'offloads',
        status: 'unknown',
        detail: `vmxnet3 on ${names}, and no ethtool to ask`,
        hint: 'apt-get install ethtool',
      },
    ]
  }
  const drivers = [...new Set(facts.interfaces.flatMap(({ driver }) => (driver ? [driver] : [])))]
  return drivers.length === 0 ? [] : [ok('offloads', `none known to break overlays (${drivers.join(', ')})`)]
}

const [neededDiskMib, scarceDiskMib, scarceMemoryMib] = [100, 512, 256]

function disk({
  facts: {
    disk: { freeMib, path },
  },
}: KnownHost): Finding {
  const detail = `${freeMib} MiB free in ${path}`
  if (freeMib >= scarceDiskMib) return ok('disk', detail)
  const hint = 'docker system df; docker image prune'
  return freeMib >= neededDiskMib
    ? warning('disk', detail, hint)
    : { name: 'disk', status: 'missing', detail, hint }
}

function memory({
  facts: {
    memory: { availableMib, totalMib },
  },
}: KnownHost): Finding {
  const detail = `${availableMib} of ${totalMib} MiB available`
  return availableMib >= scarceMemoryMib
    ? ok('memory', detail)
    : warning('memory', detail, 'end what is not needed; a dozen small containers are started')
}

function overlaps(host: KnownHost): Finding[] {
  const found = overlapsOf(host)
  if (found.length === 0) return [ok('networks', 'no network of the engine overlaps what the host reaches')]
  return found.map((what) =>
    warning(
      'networks',
      what,
      'give the network another subnet, or the swarm another pool: docker swarm init --default-addr-pool',
    ),
  )
}
