import type { Cluster, OverlayNetwork, Service } from './cluster.ts'
import { bulkBytes } from './probe-task.ts'
import { dockerLines } from './docker.ts'
import {
  type ApiNetwork,
  type ApiService,
  type ApiTask,
  must,
  toNetwork,
  toService,
  withContainers,
} from './read-objects.ts'
import { type Stack, stackNames } from './stack.ts'

/** Reads the stack as it stands: one remote call on the manager, then one on each node. */
export async function readStack(cluster: Cluster): Promise<Stack> {
  const api = await readApi(cluster)
  return {
    networks: networksByRole(api.networks),
    services: servicesByRole(api.services),
    tasks: await withContainers(cluster, api.services, api.tasks),
    bulkBytes,
  }
}

interface Api {
  readonly networks: readonly ApiNetwork[]
  readonly services: readonly ApiService[]
  readonly tasks: readonly ApiTask[]
}

async function readApi(cluster: Cluster): Promise<Api> {
  const services = Object.values(stackNames.services).join(' ')
  const lines = await dockerLines(
    cluster.manager.host,
    [
      `docker network inspect --format '{{json .}}' $(docker network ls -q --filter driver=overlay --filter scope=swarm --no-trunc)`,
      `docker service inspect --format '{{json .}}' ${services}`,
      `docker inspect --type task --format '{{json .}}' $(docker service ps --no-trunc -q --filter desired-state=running ${services})`,
    ].join('\n'),
  )
  const all = lines as (ApiNetwork | ApiService | ApiTask)[]
  return {
    networks: all.filter((entry): entry is ApiNetwork => 'IPAM' in entry),
    services: all.filter((entry): entry is ApiService => 'Endpoint' in entry),
    tasks: all
      .filter((entry): entry is ApiTask => 'NodeID' in entry)
      .filter((task) => task.Status.State === 'running'),
  }
}

function networksByRole(networks: readonly ApiNetwork[]): Stack['networks'] {
  const named = (name: string): OverlayNetwork =>
    toNetwork(
      must(
        networks.find((network) => network.Name === name),
        `network ${name}`,
      ),
    )
  return {
    clear: named(stackNames.networks.clear),
    secret: named(stackNames.networks.secret),
    auto: named(stackNames.networks.auto),
    extra: named(stackNames.networks.extra),
    shop: named(stackNames.networks.shop),
    ingress: toNetwork(
      must(
        networks.find((network) => network.Ingress),
        'ingress network',
      ),
    ),
  }
}

function servicesByRole(services: readonly ApiService[]): Stack['services'] {
  const named = (name: string): Service =>
    toService(
      must(
        services.find((service) => service.Spec.Name === name),
        `service ${name}`,
      ),
    )
  return {
    web: named(stackNames.services.web),
    rr: named(stackNames.services.rr),
    vault: named(stackNames.services.vault),
    island: named(stackNames.services.island),
    both: named(stackNames.services.both),
    dual: named(stackNames.services.dual),
    here: named(stackNames.services.here),
    front: named(stackNames.services.front),
    back: named(stackNames.services.back),
  }
}
