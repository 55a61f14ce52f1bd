import type { ObserveContext } from '../../lib/conformance/context.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { readNetworkViews } from '../../lib/swarm/network-view.ts'
import { readGivenAddresses } from '../../lib/swarm/read-addresses.ts'
import { looksAgain, pollUntilSettled, settledProblems } from '../scene/polling/until-settled.ts'
import { moby } from '../source.ts'
import { sharedAddresses } from './claims.ts'
import { claimsOfApi, claimsOfEngines, claimsOfKernel, commonClaims } from './held-addresses.ts'

export const noSharedAddress = requirement({
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
  codes: ['address-held-twice'],
  changes: [],
  quiet: ['tasks', 'changes'],
  reads: [],
  observe: async (lab) => ({ claims: await pollUntilSettled(lab, () => look(lab), problemsOf) }),
  judge({ claims }, facts) {
    const { last } = claims
    const { got, missing, unseen } = part(last.kernels, 'interfaces in namespaces')
    const kernels = [...got.values()].flat()
    const totals = { api: last.api.length, engines: last.engines.length, kernels: kernels.length }
    const counted = { api: last.api, engines: last.engines, kernels }
    const settled = settledProblems(claims, problemsOf, 'who has an address')
    const silent = Object.entries(totals)
      .filter(([source, count]) => count === 0 && (source !== 'kernels' || got.size > 0))
      .map(([source]) => ({ what: `any address, by the ${source}`, nodes: [] }))
    const virtualIps = last.common.filter(({ kind }) => kind === 'virtual-ip').length
    return judgement({
      problems: settled.problems,
      missing,
      unseen: [
        ...settled.unseen,
        ...unseen,
        ...silent,
        ...(virtualIps === 0 ? [{ what: 'any virtual IP', nodes: [facts.manager] }] : []),
      ],
      tables: {
        'addresses by network and source': Object.fromEntries(
          last.networks.map((name) => [
            name,
            Object.fromEntries(
              Object.entries(counted).map(([source, claims]) => [
                source,
                claims.filter(({ network }) => network === name).length,
              ]),
            ),
          ]),
        ),
        'addresses with two holders': settled.problems,
      },
      conclusion: `${totals.api} addresses of tasks by the API, ${totals.engines} endpoints by ${facts.nodes.length} engines, ${totals.kernels} interfaces by their kernels and ${virtualIps} virtual IPs: on none of ${last.networks.length} overlays an address has two holders`,
    })
  },
})

type Look = Awaited<ReturnType<typeof look>>

/** Who has an address now, by the manager's API, by each engine and by each kernel. */
async function look(lab: Pick<ObserveContext, 'cluster' | 'facts' | 'devices'>) {
  const { cluster, facts } = lab
  const [given, views, states] = await Promise.all([
    readGivenAddresses(cluster),
    readNetworkViews(cluster),
    lab.devices(),
  ])
  const seen = Object.fromEntries(states)
  const { networks } = given
  return {
    networks: networks.map(({ name }) => name),
    common: commonClaims(given),
    api: claimsOfApi(given, facts.nodes),
    engines: claimsOfEngines(views, networks),
    kernels: Object.fromEntries(
      facts.nodes.map(({ name }): [string, ReturnType<typeof claimsOfKernel>] => [
        name,
        claimsOfKernel(seen, name, networks, facts.tasks),
      ]),
    ),
  }
}

function problemsOf({ common, api, engines, kernels }: Look): Problem[] {
  const inKernels = [...part(kernels, '').got.values()].flat()
  return [
    ...sharedAddresses('the tasks of the API', [...api, ...common]),
    ...sharedAddresses('the engines', [...engines, ...common]),
    ...sharedAddresses('the kernels', [...inKernels, ...common]),
  ]
}
