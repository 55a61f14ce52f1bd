import type { ContainerCreateOptions, HostConfig } from 'dockerode'
import { GenericContainer, Wait } from 'testcontainers'
import type { ImpairedAttachment } from '../../topology/impaired-attachments.ts'
import { impairProgram, netemWords } from '../impair.ts'
import type { Engine } from './engine.ts'
import { hostInit, hostIsUp } from './host-init.ts'
import { labels, nodeLabel } from './lab-labels.ts'
import type { Privileges } from './privileges.ts'

export interface HostSpec {
  readonly labId: string
  readonly node: string
  readonly image: string
  readonly memoryMib: number
  readonly privileges: Privileges
  /** Its networks with the address it has on each, in order. */
  readonly networks: readonly { readonly name: string; readonly address: string }[]
  /** Its own address, where its resolver asks. */
  readonly nameserver: string
  /** Its engine may load modules of the shared kernel, from this machine's folder of them. */
  readonly mayLoadModules: boolean
  /** What it does to what it sends. */
  readonly impaired: readonly ImpairedAttachment[]
  readonly neighbours: readonly { readonly name: string; readonly address: string }[]
  readonly labels: Readonly<Record<string, string>>
}

const startLimitMs = 60_000

/**
 * A host of a lab. testcontainers knows neither addresses nor several networks, nor what a nested engine needs:
 * these are set on what it creates. An engine before API 1.44 takes one network at creation: others are joined
 * before the start, so that a host never runs without one.
 */
export class HostContainer extends GenericContainer {
  readonly #engine: Engine
  readonly #spec: HostSpec

  constructor(engine: Engine, spec: HostSpec) {
    super(spec.image)
    this.#engine = engine
    this.#spec = spec
    this.createOpts = { ...this.createOpts, ...createOptions(spec) }
    this.hostConfig = { ...this.hostConfig, ...hostConfig(spec) }
    this.withNetworkMode(spec.networks[0]?.name ?? 'none')
      .withAutoCleanup(false)
      .withWaitStrategy(Wait.forLogMessage(hostIsUp))
      .withStartupTimeout(startLimitMs)
  }

  protected override async containerCreated(containerId: string): Promise<void> {
    for (const { name, address } of this.#spec.networks.slice(1)) {
      await this.#engine.docker.getNetwork(name).connect({
        Container: containerId,
        EndpointConfig: { IPAMConfig: { IPv4Address: address } },
      })
    }
  }
}

function createOptions(spec: HostSpec): ContainerCreateOptions {
  const [first] = spec.networks
  // Part of its first process, so that a restart of the host does it again.
  const impairing = spec.impaired.length === 0 ? [] : [impairProgram.text, ...netemWords(spec.impaired)]
  return {
    name: `swarmproof-${spec.labId}-${spec.node}`,
    Hostname: spec.node,
    Labels: labels(spec.labId, 'host', { [nodeLabel]: spec.node, ...spec.labels }),
    Entrypoint: ['/bin/sh', '-c', hostInit.text, 'swarmproof-init', spec.nameserver, ...impairing],
    Cmd: [],
    // An image's own check would ask for an engine that is not started its way.
    Healthcheck: { Test: ['NONE'] },
    ...(first === undefined
      ? {}
      : {
          NetworkingConfig: {
            EndpointsConfig: { [first.name]: { IPAMConfig: { IPv4Address: first.address } } },
          },
        }),
  }
}

function hostConfig(spec: HostSpec): HostConfig {
  return {
    ...spec.privileges.hostConfig,
    Memory: spec.memoryMib * 1024 * 1024,
    ...(spec.mayLoadModules ? { Binds: ['/lib/modules:/lib/modules:ro'] } : {}),
    Tmpfs: { '/run': 'exec,mode=755', '/tmp': 'exec,mode=1777' },
    Mounts: [
      {
        ...{ Type: 'volume', Source: '', Target: '/var/lib/docker' },
        VolumeOptions: {
          ...{ NoCopy: true, DriverConfig: { Name: 'local', Options: {} } },
          Labels: labels(spec.labId, 'host', { [nodeLabel]: spec.node }),
        },
      },
    ],
    ExtraHosts: spec.neighbours.map(({ name, address }) => `${name}:${address}`),
    // A restart of the host ends its first process by a signal; the engine then starts it again.
    RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 5 },
  }
}
