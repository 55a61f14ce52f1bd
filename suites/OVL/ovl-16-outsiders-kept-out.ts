import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import { swarmState } from '../../lib/swarm/membership.ts'
import { askFromOutside } from '../../lib/swarm/outside.ts'
import type { Answer } from '../../lib/swarm/answer.ts'
import { docs } from '../source.ts'

export const outsidersKeptOut = requirement({
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
  codes: ['outsider-knows-network', 'outsider-shown-network', 'outsider-joined-network'],
  changes: ['network'],
  quiet: [],
  reads: [],
  async observe({ cluster, outsiders, topology, ...lab }) {
    const [host] = outsiders
    if (host === undefined) throw new Inconclusive('the lab has no host outside the swarm')
    const state = await swarmState(host)
    await using trial = lab.trial('ovl16')
    const open = await trial.network('open', ['--attachable'])
    const member = await trial.container('member', cluster.manager, ['--network', open.name])
    const outside = await askFromOutside(host, {
      network: open,
      container: trial.nameOf('stranger'),
      label: trial.label,
      spec: topology.stack,
    })
    return {
      ...{ outsider: host.name, swarmState: state, open: open.name, outside },
      member: { accepted: member.accepted, words: 'words' in member ? member.words : '' },
    }
  },
  judge({ outsider, swarmState: state, open, outside, member }, facts) {
    // What a member of the swarm is let in to says nothing of outsiders.
    const isOutside = state === 'inactive'
    const overlays = [open, ...Object.values(facts.networks).map(({ name }) => name)]
    const where = (code: Problem['code'], network: string): Problem => ({
      ...{ code, kind: 'seen', node: outsider, network },
    })
    return judgement({
      problems: !isOutside
        ? []
        : [
            ...outside.networks
              .filter((name) => overlays.includes(name))
              .map((name) => where('outsider-knows-network', name)),
            ...(outside.inspecting.accepted ? [where('outsider-shown-network', open)] : []),
            ...(outside.running.accepted ? [where('outsider-joined-network', open)] : []),
          ],
      controls: [
        { name: 'outsider-in-no-swarm', held: isOutside, observed: state },
        { name: 'member-runs-container', held: member.accepted, observed: told(member) },
        {
          name: 'outsider-runs-container',
          held: outside.control.accepted,
          observed: told(outside.control),
        },
      ],
      tables: {
        [`networks ${outsider} lists`]: outside.networks,
        [`what ${outsider} said of ${open}`]: {
          inspecting: told(outside.inspecting),
          running: told(outside.running),
          runningWithout: told(outside.control),
        },
      },
      conclusion: `${outsider} lists none of ${overlays.length} overlays and refused ${open} ("${told(outside.running)}"), on which ${facts.manager} runs a container`,
    })
  },
})

function told({ accepted, words }: Answer): string {
  if (accepted) return 'accepted'
  return (words.split('\n').findLast((line) => /error|not found|no such/i.test(line)) ?? words).slice(0, 200)
}
