import type { Cluster, OverlayNetwork, Service } from './cluster.ts'
import { loadedImage } from '../loaded-image.ts'
import { scriptLines, sh } from '../script.ts'
import { networkFormat, ownServiceFormat, taskFormat } from '../api-formats.ts'
import { bulkBytes, nonceIn, type ProbeTask } from './probe-task.ts'
import { withIngress } from './no-ingress.ts'
import { dockerLines } from './docker.ts'
import {
  type ApiNetwork,
  type ApiService,
  type ApiTask,
  requireOfStack,
  toNetwork,
  toService,
  withContainers,
} from './read-objects.ts'
import type { Stack, StackNames } from './stack.ts'

/** Reads the stack as it stands: one remote call on the manager, then one on each node. */
export async function readStack(names: StackNames, cluster: Cluster): Promise<Stack> {
  const api = await readApi(names, cluster)
  return {
    names,
    networks: networksByRole(names, api.networks),
    services: servicesByRole(names, api.services),
    tasks: await withContainers(cluster, api.services, api.tasks),
    probeTask: probeTaskOf(api.services, names.services.web),
    bulkBytes,
  }
}

/** @throws SwarmproofError `STACK_INCOMPLETE` where the service does not run what a stack of this version does */
function probeTaskOf(services: readonly ApiService[], name: string): ProbeTask {
  const spec = services.find((service) => service.Spec.Name === name)?.Spec.TaskTemplate?.ContainerSpec
  const script = requireOfStack(spec?.Args?.at(-1), `the command of ${name}`)
  const nonce = requireOfStack(nonceIn(script), `the nonce in the command of ${name}`)
  return {
    nonce,
    image: requireOfStack(loadedImage(spec?.Image ?? ''), `an image without a registry in ${name}`),
  }
}

interface Api {
  readonly networks: readonly ApiNetwork[]
  readonly services: readonly ApiService[]
  readonly tasks: readonly ApiTask[]
}

async function readApi(names: StackNames, cluster: Cluster): Promise<Api> {
  const services = Object.values(names.services)
  const lines = await dockerLines(
    cluster.manager.host,
    scriptLines([
      sh`docker network inspect --format ${networkFormat} $(docker network ls -q --filter driver=overlay --filter scope=swarm --no-trunc)`,
      sh`docker service inspect --format ${ownServiceFormat} ${services}`,
      sh`tasks=$(docker service ps --no-trunc -q --filter desired-state=running ${services})
[ -z "$tasks" ] || docker inspect --type task --format ${taskFormat} $tasks`,
    ]),
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

function networksByRole(names: StackNames, networks: readonly ApiNetwork[]): Stack['networks'] {
  const named = (role: keyof StackNames['networks']): OverlayNetwork => {
    const name = names.networks[role]
    return toNetwork(
      requireOfStack(
        networks.find((network) => network.Name === name),
        `network ${name}`,
      ),
    )
  }
  const ingress = networks.find((network) => network.Ingress)
  return withIngress(
    {
      clear: named('clear'),
      secret: named('secret'),
      auto: named('auto'),
      extra: named('extra'),
      shop: named('shop'),
    },
    ingress === undefined ? undefined : toNetwork(ingress),
  )
}

function servicesByRole(names: StackNames, services: readonly ApiService[]): Stack['services'] {
  const named = (role: keyof StackNames['services']): Service => {
    const name = names.services[role]
    return toService(
      requireOfStack(
        services.find((service) => service.Spec.Name === name),
        `service ${name}`,
      ),
    )
  }
  return {
    web: named('web'),
    rr: named('rr'),
    vault: named('vault'),
    island: named('island'),
    both: named('both'),
    dual: named('dual'),
    here: named('here'),
    front: named('front'),
    back: named('back'),
  }
}
