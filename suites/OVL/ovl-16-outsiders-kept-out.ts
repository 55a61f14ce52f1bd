import type { ObserveContext } from '../../lib/conformance/context.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { askFromOutside } from '../../lib/swarm/outside.ts'
import { swarmState } from '../../lib/swarm/membership.ts'
import type { Answer } from '../../lib/swarm/trial.ts'
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
  codes: ['outsider-lists-network', 'outsider-shows-network', 'outsider-ran-container'],
  changes: ['network'],
  quiet: [],
  reads: [],
  observe: askBoth,
  judge({ outsider: node, network, listed, inspecting, running, control, member }, facts) {
    const overlays = [network, ...Object.values(facts.networks).map(({ name }) => name)]
    const known = listed.filter((name) => overlays.includes(name))
    return judgement({
      problems: [
        ...known.map((name): Problem => ({
          ...{ code: 'outsider-lists-network', kind: 'seen', node, network: name },
        })),
        ...(inspecting.accepted
          ? [{ code: 'outsider-shows-network', kind: 'seen', node, network } as const]
          : []),
        ...(running.accepted
          ? [{ code: 'outsider-ran-container', kind: 'seen', node, network } as const]
          : []),
      ],
      controls: [
        runsAny(`${facts.manager} runs a container on ${network}`, member),
        runsAny(`${node} runs a container without naming a network`, control),
      ],
      tables: {
        [`networks ${node} lists`]: listed,
        [`what ${node} said of ${network}`]: {
          inspecting: answerText(inspecting),
          running: answerText(running),
          runningWithout: answerText(control),
        },
        [`a container on ${facts.manager}`]: { accepted: member.accepted },
      },
      conclusion: `${node} lists none of ${overlays.length} overlays and refused ${network} ("${answerText(running)}"), on which ${facts.manager} runs a container`,
    })
  },
})

/** An overlay that any member may use, a member that does, and a host beside the swarm that tries to. */
async function askBoth(lab: ObserveContext) {
  const [host] = lab.outsiders
  if (host === undefined) throw new Inconclusive('the lab has no host outside the swarm')
  const state = await swarmState(host)
  if (state !== 'inactive') throw new Inconclusive(`the engine of ${host.name} is in a swarm (${state})`)
  await using trial = lab.trial('ovl16')
  const open = await trial.network('open', ['--attachable'])
  const member = await trial.container('member', lab.cluster.manager, ['--network', open.name])
  const outside = await askFromOutside(host, {
    network: open,
    container: trial.nameOf('stranger'),
    label: trial.label,
    spec: lab.topology.stack,
  })
  return {
    outsider: host.name,
    network: open.name,
    listed: outside.networks,
    inspecting: quoted(outside.inspecting),
    running: quoted(outside.running),
    control: quoted(outside.control),
    member: quoted({ accepted: member.accepted, words: 'words' in member ? member.words : '' }),
  }
}

function quoted({ accepted, words }: Answer): Answer {
  return { accepted, words: accepted ? '' : words.slice(0, 1000) }
}

/** An engine that runs no container at all refuses for a reason of its own. */
function runsAny(name: string, answer: Answer) {
  const { accepted: held } = answer
  return held ? { name, held } : { name, held, observed: answerText(answer) }
}

/** Of a refusal the line that says why. */
function answerText({ accepted, words }: Answer): string {
  if (accepted) return 'accepted'
  return (words.split('\n').findLast((line) => /error|not found|no such/i.test(line)) ?? words).slice(0, 200)
}
