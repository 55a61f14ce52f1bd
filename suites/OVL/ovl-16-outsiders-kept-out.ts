import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { askFromOutside } from '../../lib/swarm/outside.ts'
import { swarmState } from '../../lib/swarm/membership.ts'
import type { Answer } from '../../lib/swarm/trial.ts'
import { docs } from '../source.ts'

export const outsidersKeptOut = conformanceTest({
  id: 'OVL-16',
  requirement:
    'Only hosts of the swarm have access to an overlay: an engine outside neither knows it nor runs a container on it.',
  source: [docs('Create an overlay network')],
  safety: 'lab',
  needs: ['outsider'],
  method:
    'An overlay of the test’s own is attachable, so that any member may run a container on it; one member does (control). A host beside the swarm on the same underlay must not list that network nor any other of the swarm, and must refuse to inspect it and to run a container on it, by its name and by its id. Control: the same engine runs the same container without naming a network.',
  usualCauses: [
    'the host had been in the swarm and did not leave it',
    'somebody made a network of the same name on that host',
  ],
  remedy: [
    'docker info --format "{{.Swarm.LocalNodeState}}" and docker network ls on the host named',
    'docker swarm leave there, and docker node rm on a manager',
  ],
  async run(context) {
    const { cluster, stack, outsiders, topology, evidence } = context
    const [host] = outsiders
    if (host === undefined) throw new Error('the lab has no host outside the swarm')
    const state = await swarmState(host)
    if (state !== 'inactive') throw new Error(`the engine of ${host.name} is in a swarm (${state})`)
    await using trial = context.trial('ovl16')
    const open = await trial.network('open', ['--attachable'])
    const member = await trial.container('member', cluster.manager, ['--network', open.name])
    const outside = await askFromOutside(host, {
      network: open,
      container: trial.nameOf('stranger'),
      label: trial.label,
      spec: topology.stack,
    })
    const overlays = [open, ...Object.values(stack.networks)].map(({ name }) => name)
    const known = outside.networks.filter((name) => overlays.includes(name))
    evidence.observe(`networks ${host.name} lists`, outside.networks)
    evidence.observe(`what ${host.name} said of ${open.name}`, {
      inspecting: told(outside.inspecting),
      running: told(outside.running),
      runningWithout: told(outside.control),
    })
    evidence.observe(`a container on ${cluster.manager.host.name}`, { accepted: member.accepted })
    requireNone('a host outside the swarm has no access to its overlays', [
      ...known.map((name) => `${host.name}, which is in no swarm, lists ${name}`),
      ...(outside.inspecting.accepted ? [`${host.name}, which is in no swarm, shows ${open.name}`] : []),
      ...(outside.running.accepted
        ? [`${host.name}, which is in no swarm, ran a container on ${open.name}`]
        : []),
    ])
    if (!member.accepted || !outside.control.accepted) {
      const who = member.accepted ? host.name : cluster.manager.host.name
      const words = member.accepted ? outside.control.words : 'words' in member ? member.words : ''
      throw new Error(
        `${who} runs no container at all, so its refusal proves nothing: ${words.slice(0, 200)}`,
      )
    }
    evidence.conclude(
      `${host.name} lists none of ${overlays.length} overlays and refused ${open.name} ("${told(outside.running)}"), on which ${cluster.manager.host.name} runs a container`,
    )
  },
})

function told({ accepted, words }: Answer): string {
  if (accepted) return 'accepted'
  return (words.split('\n').findLast((line) => /error|not found|no such/i.test(line)) ?? words).slice(0, 200)
}
