import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { ingressMissing } from '../scene/recordings/mesh.ts'
import { networkViewsSeen } from '../scene/recordings/views.ts'
import { docs, internals, overlayTutorial } from '../source.ts'
import { defaultNetworkList, deviations } from './default-networks.ts'
import type { ListedNetwork } from '../../lib/swarm/form-swarm.ts'

export const defaultNetworks = requirement({
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
    'What was so before any service is seen only while a lab is built. On a standing one the engine refuses to remove either network while services publish ports and tasks hang on docker_gwbridge; torn off by force they come back only with the engine restarted and every task of the node recreated. That a missing network, another driver and another scope are noticed is a unit test.',
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
  codes: [
    'network-missing',
    'network-missing-at-first',
    'network-form-differs',
    'network-form-differed-at-first',
  ],
  changes: [],
  quiet: ['changes'],
  reads: [networkViewsSeen],
  observe: async (lab) => ({ views: await lab.scene(networkViewsSeen) }),
  judge({ views }, facts) {
    const { nodes, networks, built } = facts
    // A topology may have ingress made again by another name, and an owner may have removed it.
    const expectedNow = defaultNetworkList.flatMap((network) => {
      if (network.name !== 'ingress') return [network]
      return networks.ingress === undefined ? [] : [{ ...network, name: networks.ingress.name }]
    })
    const relevant = new Set([...defaultNetworkList, ...expectedNow].map(({ name }) => name))
    const shown = (listed: readonly ListedNetwork[] | undefined) =>
      listed
        ?.filter(({ name }) => relevant.has(name))
        .map(({ name, driver, scope }) => ({ name, driver, scope }))
    const looks = nodes.map(({ name: node }) => ({
      node,
      beforeServices: shown(built.networksBeforeServices?.[node]),
      now: shown(views[node]),
    }))
    // Of a swarm that was there before nobody saw how it began.
    const ranBefore = built.networksBeforeServices === undefined
    const unseenAtFirst = looks.filter(({ beforeServices }) => beforeServices === undefined)
    const unseenNow = looks.filter(({ now }) => now === undefined)
    return judgement({
      problems: looks.flatMap(({ node, beforeServices, now }) => [
        ...(beforeServices === undefined ? [] : deviations(node, beforeServices, 'at first')),
        ...(now === undefined ? [] : deviations(node, now, 'now', expectedNow)),
      ]),
      missing: ingressMissing(facts),
      unseen: [
        ...(ranBefore ? [] : unseenOf('networks before any service', unseenAtFirst)),
        ...unseenOf('networks', unseenNow),
      ],
      tables: {
        'looked at before any service, while the stack was built': ranBefore
          ? 'by nobody: the swarm was there before'
          : { builtAt: built.builtAt },
        'ingress and docker_gwbridge on each node': looks,
      },
      conclusion: ranBefore
        ? `ingress and docker_gwbridge are on all ${looks.length} nodes now; the swarm was there before, so nobody saw them before any service`
        : `ingress and docker_gwbridge were on all ${looks.length} nodes before any service was created (looked at while the stack was built, ${built.builtAt}) and are there now`,
    })
  },
})

function unseenOf(what: string, looks: readonly { readonly node: string }[]) {
  return looks.length === 0 ? [] : [{ what, nodes: looks.map(({ node }) => node) }]
}
