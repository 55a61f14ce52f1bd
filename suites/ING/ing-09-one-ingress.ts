import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { hasIngress } from '../../lib/swarm/no-ingress.ts'
import { listIngress } from '../../lib/swarm/swarm-networks.ts'
import { ingressMissing } from '../scene/recordings/mesh.ts'
import { docs } from '../source.ts'
import { lastLine, refusalProblems, refusalSeen, undecidedUnseen } from './refusal.ts'

export const oneIngress = requirement({
  id: 'ING-09',
  requirement: 'A second ingress network is refused; ingress in use cannot be removed.',
  source: [docs('Customize the ingress network')],
  safety: 'lab',
  needs: [],
  method:
    'A manager is asked to create a second overlay network with --ingress, and to remove the one that stands, with services that publish through it. Both must be refused with an error that names the reason, and afterwards there must be the same one ingress network as before.',
  usualCauses: [
    'no service publishes through ingress, so nothing keeps it from being removed',
    'ingress was removed before, so that another could be created',
  ],
  remedy: [
    'docker network ls --filter driver=overlay, then docker network inspect: "Ingress": true must be there once',
    'removed by mistake: docker network create --driver overlay --ingress ingress, then update the services',
  ],
  codes: [
    'second-ingress-accepted',
    'ingress-removed-in-use',
    'refusal-unclear',
    'ingress-list-changed',
    'ingress-not-single',
  ],
  changes: ['network', 'stack'],
  quiet: ['changes'],
  reads: [],
  async observe(lab) {
    const { cluster, stack } = lab
    if (!hasIngress(stack)) return null
    await using trial = lab.trial('ing09')
    const second = trial.nameOf('second')
    const create = ['network', 'create', '--driver', 'overlay', '--ingress', second]
    const remove = ['network', 'rm', stack.networks.ingress.name]
    const before = await listIngress(cluster)
    const created = await trial.ask(create)
    if (created.accepted) await trial.ask(['network', 'rm', second])
    const removed = await trial.ask(remove)
    return {
      created: refusalSeen(create.join(' '), created),
      removed: refusalSeen(remove.join(' '), removed),
      ...{ before, after: await listIngress(cluster) },
    }
  },
  judge(seen, facts) {
    if (seen === null) return judgement({ missing: ingressMissing(facts), conclusion: '' })
    const { created, removed, before, after } = seen
    const node = facts.manager
    return judgement({
      problems: [
        ...refusalProblems(created, {
          ...{ node, code: 'second-ingress-accepted', expected: 'ingress' },
          names: /ingress.*(already|exists)|already.*ingress/is,
        }),
        ...refusalProblems(removed, {
          ...{ node, code: 'ingress-removed-in-use', expected: 'what uses it' },
          names: /cannot be removed|in use|because|depend/i,
        }),
        ...listProblems(node, before, after),
      ],
      unseen: undecidedUnseen([created, removed], node),
      tables: {
        'a second one': created,
        'removal in use': removed,
        'ingress networks': { before, after },
      },
      conclusion: `${node} refused a second ingress network ("${lastLine(created.words)}") and the removal of ${before[0]} ("${lastLine(removed.words)}")`,
    })
  },
})

function listProblems(node: string, before: readonly string[], after: readonly string[]): Problem[] {
  const [expected, observed] = [before, after].map((names) => names.join(', ') || 'none')
  return [
    ...(expected === undefined || observed === undefined || expected === observed
      ? []
      : [{ code: 'ingress-list-changed', kind: 'seen', node, expected, observed } as const]),
    ...(before.length === 1
      ? []
      : [{ code: 'ingress-not-single', kind: 'seen', node, expected: 1, observed: before.length } as const]),
  ]
}
