import { eventually } from '../eventually.ts'
import type { StackSpec } from '../topology/topology.ts'
import type { Answer } from './answer.ts'
import type { Cluster, ClusterNode, OverlayNetwork, Service, Task } from './cluster.ts'
import { type Script, sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { containerEvents, containerLabel } from './container-events.ts'
import { docker } from './docker.ts'
import { networkTurn } from './network-turns.ts'
import { probeImageOf, taskScript } from './probe-task.ts'
import { countRunning, readNetwork, readService, readTasks, serviceOrNone } from './read-objects.ts'
import { stackNames } from './stack.ts'
import { type TaskState, readTaskStates } from './task-states.ts'
import { type Standalone, removeContainers, runContainer } from './standalone.ts'
import { commandLimitMs, removeNetworks, removeServices } from './wait-for-removal.ts'

export interface TrialOptions {
  /** Part of every name the trial gives, so that two trials side by side do not collide. */
  readonly name: string
  /** Value of the label `swarmproof` on everything it creates. */
  readonly label: string
  /** Prefix of names, image and limits of tasks. */
  readonly stack: Pick<StackSpec, 'namePrefix' | 'probeImage' | 'probeNonce' | 'taskMemoryMib'>
  readonly signal: AbortSignal
}

/**
 * Networks and services of a test's own, beside the stack. Everything it creates is named `<prefix>-<trial>-<name>` and
 * labelled; disposing removes it again, services before networks, and waits until no task is left.
 */
export class Trial implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #options: TrialOptions
  readonly #services = new Set<string>()
  readonly #networks = new Set<string>()
  readonly #containers = new Map<string, ClusterNode>()

  constructor(cluster: Cluster, options: TrialOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  /** Value of the label `swarmproof` on everything the run creates. */
  get label(): string {
    return this.#options.label
  }

  /** The name an object of this trial has in the swarm. */
  nameOf(name: string): string {
    return `${stackNames(this.#options.stack).prefix}-${this.#options.name}-${name}`
  }

  /**
   * `options` as for `docker network create`, e.g. `['--opt', 'encrypted']`. Those that a function gives are chosen while
   * no other trial makes a network. @throws `DOCKER_FAILED` when refused
   */
  async network(
    name: string,
    options: readonly string[] | (() => Promise<readonly string[]>) = [],
  ): Promise<OverlayNetwork> {
    const full = this.nameOf(name)
    this.#networks.add(full)
    return networkTurn(this.#cluster, async () => {
      // It may have waited for that.
      this.#options.signal.throwIfAborted()
      const words = [...this.#label(), ...(typeof options === 'function' ? await options() : options)]
      await this.#docker(sh`docker network create --driver overlay ${words} ${full}`)
      return readNetwork(this.#cluster, full)
    })
  }

  /**
   * Creates a service of probe tasks (HTTP on port 80) and does not wait for them. `options` as for
   * `docker service create`, e.g. `['--network', 'swp-clear', '--replicas=2']`.
   */
  async service(name: string, options: readonly string[]): Promise<Service> {
    await this.#docker(sh`docker ${this.#serviceWords(name, options)}`)
    return readService(this.#cluster, this.nameOf(name))
  }

  /** As `service`, where refusing is for the test to judge; removed like any other if it was not refused. */
  async tryService(name: string, options: readonly string[]): Promise<Answer> {
    const answer = await this.ask(this.#serviceWords(name, options))
    if (!answer.accepted) this.#services.delete(this.nameOf(name))
    return answer
  }

  async serviceExists(name: string): Promise<boolean> {
    return (await serviceOrNone(this.#cluster, this.nameOf(name))) !== undefined
  }

  /** The tasks of a service that run now. @throws while a running task's container is not there yet */
  async tasks(service: { readonly name: string }): Promise<Task[]> {
    return readTasks(this.#cluster, [service.name])
  }

  /** Every task of a service, also those that do not run, as the manager tells it. */
  async taskStates(service: { readonly name: string }): Promise<TaskState[]> {
    return readTaskStates(this.#cluster, service.name)
  }

  /** `options` as for `docker service update`; does not wait. */
  async update(service: { readonly name: string }, options: readonly string[]): Promise<Service> {
    await this.#docker(scriptFile(import.meta.url, 'update-service.sh', {}, [...options, service.name]))
    return readService(this.#cluster, service.name)
  }

  /**
   * Runs a container of no service on a node, as probe tasks do. `options` as for `docker run`, e.g.
   * `['--network', 'swp-clear']`. An engine that refuses gives its words instead.
   */
  async container(name: string, node: ClusterNode, options: readonly string[]): Promise<Standalone | Answer> {
    const full = this.nameOf(name)
    this.#containers.set(`${full} ${node.host.name}`, node)
    const words = [...this.#label(), ...this.#memory('--memory'), ...options]
    return runContainer(node, full, words, this.#options.stack)
  }

  /**
   * Whether the manager takes a command of docker, given without `docker` itself; what it says is for the test to judge.
   * Where docker asks whether it is meant, the answer is yes. Creates nothing that is removed later.
   */
  async ask(words: readonly string[]): Promise<Answer> {
    const { remote } = this.#cluster.manager.host
    const { exitCode, stdout, stderr } = await remote.exec(sh`docker ${words}`, {
      timeoutMs: commandLimitMs,
      input: 'y\n',
    })
    return { accepted: exitCode === 0, words: `${stdout}\n${stderr}`.trim() }
  }

  /**
   * Waits until exactly `count` tasks of these services run and each has an address on every network of its service.
   * @throws `BOUND_EXCEEDED` with what was last seen
   */
  async running(
    services: readonly { readonly name: string }[],
    count: number,
    withinMs = 150_000,
  ): Promise<Task[]> {
    const names = services.map(({ name }) => name)
    return eventually(
      {
        what: `${count} tasks of ${names.join(', ')} run`,
        withinMs,
        everyMs: 1000,
        signal: this.#options.signal,
        wake: containerEvents(this.#cluster, this.#options.label),
      },
      async () => {
        // What the nodes know of each task is asked once all are there.
        const counted = await countRunning(this.#cluster, names)
        if (counted !== count) return { ready: false, seen: `${counted} run` }
        const tasks = await readTasks(this.#cluster, names)
        return tasks.length === count
          ? { ready: true, value: tasks }
          : { ready: false, seen: `${tasks.length} run` }
      },
    )
  }

  /** Removes a service now and waits until its tasks are gone. */
  async removeService(service: { readonly name: string }): Promise<void> {
    await this.#removeServices([service.name])
  }

  /** Removes a network now. @throws `DOCKER_FAILED` while something uses it, after waiting a while */
  async removeNetwork(network: { readonly name: string }): Promise<void> {
    await this.#removeNetworks([network.name])
  }

  /** What cannot be removed, as on a node that is gone, keeps nothing else from being removed. @throws the first of why */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = []
    const steps = [
      () => this.#removeContainers(),
      () => this.#removeServices([...this.#services]),
      () => this.#removeNetworks([...this.#networks]),
    ]
    for (const step of steps) await step().catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }

  async #removeContainers(): Promise<void> {
    await removeContainers(
      [...this.#containers].map(([key, node]) => ({ name: key.split(' ')[0] ?? '', node })),
    )
    this.#containers.clear()
  }

  async #removeServices(names: readonly string[]): Promise<void> {
    await removeServices(this.#cluster, names, this.#options.label)
    for (const name of names) this.#services.delete(name)
  }

  async #removeNetworks(names: readonly string[]): Promise<void> {
    await removeNetworks(this.#cluster, names)
    for (const name of names) this.#networks.delete(name)
  }

  /** No look-ups in a registry, no waiting, tasks that end at once. */
  #serviceWords(name: string, options: readonly string[]): string[] {
    const full = this.nameOf(name)
    this.#services.add(full)
    return [
      ...['service', 'create', '--detach', '--quiet', '--no-resolve-image', '--stop-grace-period', '1s'],
      ...[...this.#label(), '--container-label', containerLabel(this.label)],
      ...['--hostname', '{{.Task.ID}}', '--name', full, ...this.#memory('--limit-memory')],
      ...[...options, probeImageOf(this.#options.stack), 'sh', '-c', taskScript(this.#options.stack)],
    ]
  }

  #memory(option: '--memory' | '--limit-memory'): string[] {
    const { taskMemoryMib } = this.#options.stack
    return taskMemoryMib === undefined ? [] : [option, `${taskMemoryMib}m`]
  }

  #label(): string[] {
    return ['--label', `swarmproof=${this.#options.label}`]
  }

  async #docker(script: Script): Promise<string> {
    return docker(this.#cluster.manager.host, script, { timeoutMs: commandLimitMs })
  }
}
