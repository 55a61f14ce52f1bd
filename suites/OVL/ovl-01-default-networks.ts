import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { networkViews } from '../scene/views.ts'
import { docs, internals, overlayTutorial } from '../source.ts'
import { type ListedNetwork, defaultNetworkList, deviations } from './default-networks.ts'

export const defaultNetworks = conformanceTest({
  id: 'OVL-01',
  requirement:
    '`ingress` (overlay, scope swarm) and `docker_gwbridge` (bridge, scope local) exist on every node after init/join, before any service.',
  source: [
    docs('Overlay networking'),
    internals('Docker Swarm and Overlay Networks'),
    overlayTutorial('Default Overlay Network'),
  ],
  safety: 'production',
  needs: [],
  unplantable:
    'What was so before any service is seen only while a lab is built. On a standing one the engine refuses to remove either network while services publish ports and tasks hang on docker_gwbridge; torn off by force they come back only with the engine restarted and every task of the node made anew. That a missing network, another driver and another scope are noticed is a unit test.',
  method:
    'The networks of every node are listed after it joined and before any service was created; on a lab that was saved with its stack that was when the lab was built. They are listed again now. Both networks must be there each time, with driver and scope as required. Of a swarm that was there before, only how they are now can be seen and is judged.',
  usualCauses: [
    'the subnet of docker_gwbridge could not be allocated: every default pool overlaps a route of the host',
    'ingress was removed, or recreated under another name',
    'the node joined but its engine could not set up the overlay driver (no vxlan module)',
  ],
  remedy: [
    'docker network ls on the node; the engine’s log for "docker_gwbridge" and "ingress"',
    'create docker_gwbridge by hand with a free subnet, then join: docker network create --subnet … docker_gwbridge',
    'docker network create --ingress --driver overlay ingress',
  ],
  async run(context) {
    const { built, cluster, stack, evidence } = context
    // A topology may have ingress made anew by another name.
    const expectedNow = defaultNetworkList.map((network) =>
      network.name === 'ingress' ? { ...network, name: stack.networks.ingress.name } : network,
    )
    const views = await networkViews(context)
    const relevant = (networks: readonly ListedNetwork[] | undefined) =>
      networks
        ?.filter(({ name }) => [...defaultNetworkList, ...expectedNow].some((it) => it.name === name))
        .map(({ name, driver, scope }) => ({ name, driver, scope }))
    const looks = cluster.nodes.map(({ host }) => ({
      node: host.name,
      beforeServices: relevant(built.networksBeforeServices?.[host.name]),
      now: relevant(views.get(host.name)),
    }))
    const ranBefore = built.networksBeforeServices === undefined
    evidence.observe(
      'looked at before any service, while the stack was built',
      ranBefore ? 'by nobody: the swarm was there before' : { builtAt: built.builtAt },
    )
    evidence.observe('ingress and docker_gwbridge on each node', looks)
    requireNone(
      'ingress and docker_gwbridge exist on every node',
      looks.flatMap(({ node, beforeServices, now }) => [
        ...deviations(beforeServices ?? defaultNetworkList).map(
          (what) => `${node}, before any service (${built.builtAt}): ${what}`,
        ),
        ...deviations(now ?? [], expectedNow).map((what) => `${node}, now: ${what}`),
      ]),
    )
    if (ranBefore) {
      evidence.conclude(
        `ingress and docker_gwbridge are on all ${looks.length} nodes now; the swarm was there before, so nobody saw them before any service`,
      )
      return
    }
    const unseen = looks.filter(({ beforeServices }) => beforeServices === undefined)
    if (unseen.length > 0) {
      const names = unseen.map(({ node }) => node).join(', ')
      throw new Error(`nobody looked at ${names} before services were created; run with --fresh to know`)
    }
    evidence.conclude(
      `ingress and docker_gwbridge were on all ${looks.length} nodes before any service was created (looked at while the stack was built, ${built.builtAt}) and are there now`,
    )
  },
})
