import { SwarmproofError } from '../error.ts'
import type { HostFacts } from './host-facts.ts'
import type { KnownHost } from './known-host.ts'
import { isRootless, rootless } from './rootless.ts'

/** How an engine is set up that keeps its host from being verified, or makes it doubtful. */
export interface EngineSetup {
  /** `unfit`: nothing of it can be verified so. */
  readonly kind: 'unfit' | 'doubtful'
  readonly what: string
  readonly hint: string
}

/** Moby, cmd/dockerd/daemon_unix.go: getDefaultDaemonConfigFile, and opts of `--exec-root`; `/var/run` is `/run`. */
const usualExecRoots: ReadonlySet<string> = new Set(['/var/run/docker', '/run/docker'])

/** The gravest first. */
export function engineSetup({
  engine,
  swarm,
  tools,
}: Pick<HostFacts, 'engine' | 'swarm' | 'tools'>): EngineSetup[] {
  const unfit = (what: string, hint: string): EngineSetup => ({ kind: 'unfit', what, hint })
  const isSnap = engine.rootDirectory.startsWith('/var/snap/')
  const execRoot = engine.execRoot?.replace(/(?<=.)\/+$/, '')
  // With firewalld at work it is `nftables+firewalld`.
  const usesNftables = engine.firewallBackend?.split('+')[0] === 'nftables'
  return [
    ...(isRootless(engine.securityOptions) ? [unfit(rootless.what, rootless.hint)] : []),
    ...(isSnap
      ? [
          unfit(
            'it is a snap, which keeps network namespaces elsewhere than in /run/docker/netns, where they are looked for',
            'install the engine of the distribution or of its publisher instead: snap remove docker; apt-get install docker.io',
          ),
        ]
      : []),
    ...(execRoot !== undefined && !usualExecRoots.has(execRoot) && !isSnap
      ? [
          unfit(
            `it runs with --exec-root ${execRoot}, so it keeps network namespaces in ${execRoot}/netns and not in /run/docker/netns, where they are looked for`,
            'take --exec-root out of the arguments of dockerd (systemctl cat docker), or "exec-root" out of /etc/docker/daemon.json; systemctl restart docker',
          ),
        ]
      : []),
    ...(engine.liveRestore === true && swarm.state === 'inactive'
      ? [
          unfit(
            'live-restore is on, with which the engine refuses to be in a swarm',
            'take "live-restore": true out of /etc/docker/daemon.json; systemctl restart docker',
          ),
        ]
      : []),
    ...(usesNftables && tools.nft === undefined
      ? [
          unfit(
            'its firewall backend is nftables, and there is no nft to read its rules with',
            'apt-get install --no-install-recommends nftables',
          ),
        ]
      : []),
    ...(usesNftables
      ? [
          {
            kind: 'doubtful' as const,
            what: 'its firewall backend is nftables: engines refuse to be in a swarm with it, or lead no published port into the routing mesh (moby/moby#49638)',
            hint: 'take "firewall-backend": "nftables" out of /etc/docker/daemon.json; systemctl restart docker',
          },
        ]
      : []),
  ]
}

/** @throws SwarmproofError `ENGINE_UNFIT` that names each host whose engine is set up so that it cannot be verified */
export function refuseUnfitEngines(hosts: readonly KnownHost[]): void {
  const unfit = hosts.flatMap(({ inventory, facts }) =>
    engineSetup(facts)
      .filter(({ kind }) => kind === 'unfit')
      .map((setup) => ({ host: inventory.name, ...setup })),
  )
  const [first] = unfit
  if (first === undefined) return
  const named = [...new Set(unfit.map(({ host }) => host))]
  throw new SwarmproofError({
    code: 'ENGINE_UNFIT',
    what: `${named.length === 1 ? 'an engine is' : `${named.length} engines are`} set up so that nothing can be verified:\n${unfit.map(({ host, what }) => `- ${host}: ${what}`).join('\n')}`,
    hint: [...new Set(unfit.map(({ hint }) => hint))].join('; '),
  })
}

/** What is worth a warning before anything is created. */
export function doubtfulEngines(hosts: readonly KnownHost[]): string[] {
  return hosts.flatMap(({ inventory, facts }) =>
    engineSetup(facts)
      .filter(({ kind }) => kind === 'doubtful')
      .map(({ what }) => `${inventory.name}: ${what}`),
  )
}
