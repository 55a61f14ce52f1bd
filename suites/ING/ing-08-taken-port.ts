import { requirement } from '../../lib/conformance/test.ts'
import { Inconclusive } from '../../lib/inconclusive.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { hasIngress } from '../../lib/swarm/no-ingress.ts'
import { ingressMissing } from '../scene/recordings/mesh.ts'
import { moby } from '../source.ts'
import { refusalProblems, refusalSeen, undecidedUnseen } from './refusal.ts'

export const takenPort = requirement({
  id: 'ING-08',
  requirement: 'Publishing a taken port is refused with a clear error.',
  source: [moby('swarmkit, manager/controlapi: checkPortConflicts')],
  safety: 'production',
  needs: [],
  method:
    'The manager is asked to create a second service that publishes, through ingress, a port that a service of the stack has already. It must refuse; what it says must name the port; and no service of that name may be there afterwards.',
  usualCauses: [
    'the first service does not publish the port any more, or in host mode: docker service inspect tells',
  ],
  remedy: [
    'docker service ls shows who publishes what; choose another port or remove the other service’s',
    'docker service update --publish-rm PORT SERVICE',
  ],
  codes: ['taken-port-accepted', 'refusal-unclear', 'refused-service-exists'],
  changes: ['service'],
  quiet: [],
  ownTasks: 1,
  reads: [],
  async observe(lab) {
    const { stack } = lab
    if (!hasIngress(stack)) return null
    const { web } = stack.services
    const taken = web.published.find(({ mode }) => mode === 'ingress')
    if (taken === undefined) throw new Inconclusive(`service ${web.name} publishes nothing through ingress`)
    const { publishedPort: port, protocol } = taken
    await using trial = lab.trial('ing08')
    const publish = `published=${port},target=80,protocol=${protocol}`
    const name = trial.nameOf('second')
    const answer = await trial.tryService('second', ['--replicas=1', '--publish', publish])
    const exists = await trial.serviceExists('second')
    // The trial removes what was accepted, and does not know of what was refused.
    if (exists && !answer.accepted) await trial.removeService({ name })
    const refusal = refusalSeen(`service create --publish ${publish}`, answer)
    return { port, protocol, service: name, refusal, exists }
  },
  judge(seen, facts) {
    if (seen === null) return judgement({ missing: ingressMissing(facts), conclusion: '' })
    const { port, service, refusal, exists } = seen
    const node = facts.manager
    const protocol = seen.protocol.toUpperCase()
    return judgement({
      problems: [
        ...refusalProblems(refusal, {
          ...{
            node,
            code: 'taken-port-accepted',
            names: new RegExp(`\\b${port}\\b`),
            expected: String(port),
          },
        }).map((problem) => ({ ...problem, service: facts.services.web.name, protocol, port })),
        ...(exists && !refusal.accepted
          ? [{ code: 'refused-service-exists', kind: 'seen', node, subject: service } as const]
          : []),
      ],
      unseen: undecidedUnseen([refusal], node),
      tables: { [`answer to a second service on ${port}/${seen.protocol}`]: { ...refusal, exists } },
      conclusion: `refused, and nothing of it is left: ${refusal.words.split('\n')[0] ?? ''}`,
    })
  },
})
