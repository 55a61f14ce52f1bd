import type { Cluster, OverlayNetwork, Service } from './cluster.ts'
import { loadedImage } from '../loaded-image.ts'
import { sh } from '../script.ts'
import { networkFormat } from '../api-formats.ts'
import { bulkBytes, nonceIn, type ProbeTask } from './probe-task.ts'
import { withIngress } from './no-ingress.ts'
import { dockerLines } from './docker.ts'
import type { EngineApi } from './engine-api.ts'
import { engineOf } from './engine-of.ts'
import { inspectListed } from './inspect-listed.ts'
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

/** Reads the stack as it stands: what the manager knows, then of its containers what each node does. */
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

async function readApi(names: StackNames, { manager: { host } }: Cluster): Promise<Api> {
  const engine = engineOf(host)
  const [networks, { services, tasks }] = await Promise.all([
    // The one that is ingress is not the stack's, so all are asked for, and cut on the host.
    dockerLines(
      host,
      inspectListed({
        list: sh`docker network ls -q --filter driver=overlay --filter scope=swarm --no-trunc`,
        inspect: sh`docker network inspect --format ${networkFormat}`,
      }),
    ),
    readOwn(engine, Object.values(names.services)),
  ])
  return { networks: networks as ApiNetwork[], services, tasks }
}

async function readOwn(engine: EngineApi, names: readonly string[]): Promise<Omit<Api, 'networks'>> {
  const listed = (await engine.list('/services', {
    filters: { name: names, label: ['swarmproof'] },
  })) as ApiService[]
  // Names are looked for by their beginning; with the label, none is anybody else's.
  const services = listed.filter(({ Spec }) => names.includes(Spec.Name))
  const service = services.map(({ ID }) => ID)
  // Without a service to be of, tasks of anybody would be listed.
  if (service.length === 0) return { services, tasks: [] }
  const filters = { service, 'desired-state': ['running'] }
  const tasks = (await engine.list('/tasks', { filters })) as ApiTask[]
  return { services, tasks: tasks.filter(({ Status }) => Status.State === 'running') }
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
