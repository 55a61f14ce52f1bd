import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { listIngress } from '../../lib/swarm/swarm-networks.ts'
import { docs } from '../source.ts'

export const oneIngress = conformanceTest({
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
  async run(context) {
    const { cluster, stack, evidence } = context
    const manager = cluster.manager.host.name
    await using trial = context.trial('ing09')
    const second = trial.nameOf('second')
    const before = await listIngress(cluster)
    const created = await trial.ask(['network', 'create', '--driver', 'overlay', '--ingress', second])
    if (created.accepted) await trial.ask(['network', 'rm', second])
    const removed = await trial.ask(['network', 'rm', stack.networks.ingress.name])
    const after = await listIngress(cluster)
    evidence.observe('a second one', { accepted: created.accepted, words: created.words.slice(0, 300) })
    evidence.observe('removal in use', { accepted: removed.accepted, words: removed.words.slice(0, 400) })
    evidence.observe('ingress networks', { before, after })
    requireNone('one ingress network, which cannot be removed in use', [
      ...(created.accepted ? [`${manager} accepted a second ingress network`] : []),
      ...(!created.accepted && !/ingress.*(already|exists)|already.*ingress/is.test(created.words)
        ? [`${manager} refused a second ingress network without saying why: ${created.words.slice(0, 160)}`]
        : []),
      ...(removed.accepted
        ? [`${manager} removed ${stack.networks.ingress.name}, though services publish through it`]
        : []),
      ...(!removed.accepted && !/cannot be removed|in use|because|depend/i.test(removed.words)
        ? [`${manager} refused the removal without saying why: ${removed.words.slice(0, 160)}`]
        : []),
      ...(before.join() === after.join()
        ? []
        : [
            `${manager} lists ${after.join(', ') || 'no ingress network'} afterwards, before ${before.join(', ')}`,
          ]),
      ...(before.length === 1 ? [] : [`${manager} lists ${before.length} ingress networks`]),
    ])
    evidence.conclude(
      `${manager} refused a second ingress network ("${lastLine(created.words)}") and the removal of ${before[0]} ("${lastLine(removed.words)}")`,
    )
  },
})

function lastLine(words: string): string {
  return (words.trim().split('\n').at(-1) ?? '').slice(0, 140)
}
