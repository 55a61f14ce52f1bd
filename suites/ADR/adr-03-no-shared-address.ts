import type { TestContext } from '../../lib/conformance/context.ts'
import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { readNetworkViews } from '../../lib/swarm/network-view.ts'
import { readGivenAddresses } from '../../lib/swarm/read-addresses.ts'
import { moby } from '../source.ts'
import { looksAgain, untilSettled } from '../scene/until-settled.ts'
import { sharedAddresses } from './claims.ts'
import { claimsOfApi, claimsOfEngines, claimsOfKernels, commonClaims } from './held-addresses.ts'

export const noSharedAddress = conformanceTest({
  id: 'ADR-03',
  requirement: 'No two endpoints or VIPs of a network share an address, cluster-wide.',
  source: [moby('swarmkit’s network allocator: the leader gives out all addresses of overlays')],
  safety: 'production',
  needs: [],
  method:
    'The addresses of every overlay are collected from three sources: the tasks the manager’s API lists, the endpoints each engine has on its own host, and the interfaces each kernel holds in the namespaces of containers and load balancers. Within each source, and together with the virtual IPs of all services and the gateways, no address may have two holders. An address may just have been handed on. ' +
    looksAgain,
  usualCauses: [
    'a manager was restored from an old backup or a quorum was forced, and its allocator gave out addresses a second time',
    'a container or an interface was given an address by hand',
    'endpoints left over on a node that was cut off while its tasks moved',
  ],
  remedy: [
    'docker service update --force SERVICE for the services named gives their tasks new addresses',
    'docker network inspect NETWORK on the hosts named: an endpoint no task has goes with docker network disconnect -f',
    'restart the engine of the host named if an endpoint without a container is left',
  ],
  async run(context) {
    const { evidence, cluster } = context
    const seen = await untilSettled(context, () => look(context))
    evidence.observe('addresses by network and source', seen.counts)
    evidence.observe('addresses with two holders', seen.problems)
    requireNone('every address of an overlay has one holder', seen.problems)
    if (Object.values(seen.totals).some((count) => count === 0)) {
      throw new Error(`a source told of no address at all: ${JSON.stringify(seen.totals)}`)
    }
    const { api, engines, kernels, virtualIps } = seen.totals
    evidence.conclude(
      `${api} addresses of tasks by the API, ${engines} endpoints by ${cluster.nodes.length} engines, ${kernels} interfaces by their kernels and ${virtualIps} virtual IPs: on none of ${Object.keys(seen.counts).length} overlays an address has two holders`,
    )
  },
})

async function look(context: TestContext) {
  const { cluster, stack } = context
  const [given, views, states] = await Promise.all([
    readGivenAddresses(cluster),
    readNetworkViews(cluster),
    context.state({ fresh: true }),
  ])
  const common = commonClaims(given)
  const sources = {
    api: claimsOfApi(given, cluster.nodes),
    engines: claimsOfEngines(views, given.networks),
    kernels: claimsOfKernels(states, cluster.nodes, given.networks, stack.tasks),
  }
  const names = { api: 'the tasks of the API', engines: 'the engines', kernels: 'the kernels' } as const
  const kinds = ['api', 'engines', 'kernels'] as const
  return {
    problems: kinds.flatMap((kind) => sharedAddresses(names[kind], [...sources[kind], ...common])),
    totals: {
      api: sources.api.length,
      engines: sources.engines.length,
      kernels: sources.kernels.length,
      virtualIps: given.virtualIps.length,
    },
    counts: Object.fromEntries(
      given.networks.map(({ name }) => [
        name,
        Object.fromEntries(
          kinds.map((kind) => [kind, sources[kind].filter(({ network }) => network === name).length]),
        ),
      ]),
    ),
  }
}
