import { Inconclusive } from '../inconclusive.ts'
import type { StackSpec } from '../topology/topology.ts'
import type { Cluster, OverlayNetwork, Service, Task } from './cluster.ts'
import { containerLabel } from './container-events.ts'
import { docker } from './docker.ts'
import { engineOf } from './engine-of.ts'
import { networkTurn } from './network-turns.ts'
import { sh } from '../script.ts'
import { probeImageOf, taskScript } from './probe-task.ts'
import { readNetwork, readService, readTasks } from './read-objects.ts'
import { commandLimitMs, removeNetworks, removeServices } from './wait-for-removal.ts'

export interface TrialStackOptions {
  /** Of the stack; `docker stack` puts it before every name. */
  readonly name: string
  /** Value of the label `swarmproof` on everything it creates. */
  readonly label: string
  readonly spec: Pick<StackSpec, 'probeImage' | 'probeNonce' | 'taskMemoryMib'>
}

/** What a version of the stack’s compose file declares. */
export interface ComposeVersion {
  /** A network of that name for the service; the stack’s default one where not given. */
  readonly network?: string
}

const serviceKey = 'shop'

/**
 * A stack of one service with one task, deployed from a compose file and again from another version of it. Its service
 * publishes port 80 on a free port of the manager’s choice. Disposing removes it, networks of former versions, too.
 */
export class TrialStack implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #options: TrialStackOptions
  readonly #networks = new Set<string>()

  constructor(cluster: Cluster, options: TrialStackOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  get serviceName(): string {
    return `${this.#options.name}_${serviceKey}`
  }

  networkName({ network = 'default' }: ComposeVersion): string {
    return `${this.#options.name}_${network}`
  }

  /** Does not wait for tasks. @throws `DOCKER_FAILED` when refused */
  async deploy(version: ComposeVersion): Promise<void> {
    this.#networks.add(this.networkName(version))
    const command = sh`docker stack deploy --resolve-image never --compose-file - ${this.#options.name}`
    const options = { timeoutMs: commandLimitMs, input: composeFile(this.#options, version) }
    await networkTurn(this.#cluster, () => docker(this.#cluster.manager.host, command, options))
  }

  service(): Promise<Service> {
    return readService(this.#cluster, this.serviceName)
  }

  /** Its one task. @throws Inconclusive while none runs, or two do */
  async task(): Promise<Task> {
    const tasks = await readTasks(this.#cluster, [this.serviceName])
    const [task] = tasks
    if (task === undefined || tasks.length > 1)
      throw new Inconclusive(`${tasks.length} tasks of ${this.serviceName} run`)
    return task
  }

  network(version: ComposeVersion): Promise<OverlayNetwork> {
    return readNetwork(this.#cluster, this.networkName(version))
  }

  /** Names of the stack’s networks that a manager lists. */
  async networksLeft(): Promise<string[]> {
    const filters = { label: [`com.docker.stack.namespace=${this.#options.name}`] }
    const found = await engineOf(this.#cluster.manager.host).list('/networks', { filters })
    return (found as { readonly Name: string }[]).map(({ Name }) => Name)
  }

  /** Removes a network of a version. A task that just left may hold it for a moment. @throws `DOCKER_FAILED` */
  async removeNetwork(version: ComposeVersion): Promise<void> {
    await this.#removeNetworks([this.networkName(version)])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // An interrupted run must clean up, too: no signal here.
    try {
      await removeServices(this.#cluster, [this.serviceName], this.#options.label)
    } finally {
      await this.#removeNetworks([...this.#networks])
    }
  }

  async #removeNetworks(names: readonly string[]): Promise<void> {
    await removeNetworks(this.#cluster, names)
    for (const name of names) this.#networks.delete(name)
  }
}

/** JSON, which is YAML, too. */
export function composeFile({ label, spec }: TrialStackOptions, { network }: ComposeVersion): string {
  const labels = { swarmproof: label }
  const { taskMemoryMib } = spec
  const limits = taskMemoryMib === undefined ? {} : { resources: { limits: { memory: `${taskMemoryMib}M` } } }
  return JSON.stringify({
    version: '3.8',
    services: {
      [serviceKey]: {
        image: probeImageOf(spec),
        labels: [containerLabel(label)],
        hostname: '{{.Task.ID}}',
        command: ['sh', '-c', taskScript(spec)],
        stop_grace_period: '1s',
        ports: [{ target: 80, protocol: 'tcp', mode: 'ingress' }],
        deploy: { replicas: 1, labels, ...limits },
        ...(network === undefined ? {} : { networks: [network] }),
      },
    },
    networks: { [network ?? 'default']: { driver: 'overlay', labels } },
  })
}
