import { Inconclusive } from '../inconclusive.ts'
import type { StackSpec } from '../topology/topology.ts'
import type { Cluster, OverlayNetwork, Service, Task } from './cluster.ts'
import { docker } from './docker.ts'
import { sh } from '../script.ts'
import { probeImageOf, taskScript } from './probe-task.ts'
import { readNetwork, readService, readTasks } from './read-objects.ts'
import { commandLimitMs, removeNetworks, untilContainersEnded } from './wait-for-removal.ts'

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
    await docker(this.#cluster.manager.host, command, {
      timeoutMs: commandLimitMs,
      input: composeFile(this.#options, version),
    })
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
    const filter = `label=com.docker.stack.namespace=${this.#options.name}`
    const list = sh`docker network ls --filter ${filter} --format '{{.Name}}'`
    return (await docker(this.#cluster.manager.host, list)).split('\n').filter((name) => name !== '')
  }

  /** Removes a network of a version. A task that just left may hold it for a moment. @throws `DOCKER_FAILED` */
  async removeNetwork(version: ComposeVersion): Promise<void> {
    await this.#removeNetworks([this.networkName(version)])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { host } = this.#cluster.manager
    // An interrupted run must clean up, too: no signal here.
    await docker(host, sh`docker service rm ${this.serviceName} >/dev/null 2>&1 || true`)
    await untilContainersEnded(this.#cluster, [this.serviceName])
    await this.#removeNetworks([...this.#networks])
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
