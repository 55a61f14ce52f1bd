import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { requireIngress } from '../../lib/swarm/no-ingress.ts'
import { moby } from '../source.ts'

export const takenPort = conformanceTest({
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
  async run(context) {
    const { cluster, stack, evidence } = context
    const manager = cluster.manager.host.name
    requireIngress(stack)
    const { web } = stack.services
    const taken = web.published.find(({ mode }) => mode === 'ingress')
    if (taken === undefined) throw new Error(`service ${web.name} publishes nothing through ingress`)
    const { publishedPort: port, protocol } = taken
    await using trial = context.trial('ing08')
    const publish = `published=${port},target=80,protocol=${protocol}`
    const answer = await trial.tryService('second', ['--replicas=1', '--publish', publish])
    const left = await trial.serviceExists('second')
    evidence.observe(`what ${manager} said to a second service on ${port}/${protocol}`, { ...answer, left })
    requireNone(`${manager} refuses a port that ${web.name} has`, [
      ...(answer.accepted ? [`${manager} accepted a second service on port ${port}/${protocol}`] : []),
      ...(answer.accepted || new RegExp(`\\b${port}\\b`).test(answer.words)
        ? []
        : [`${manager} refused without naming port ${port}: ${answer.words}`]),
      ...(left ? [`the second service is there on ${manager} all the same`] : []),
    ])
    evidence.conclude(`refused, and nothing of it is left: ${answer.words.split('\n')[0] ?? ''}`)
  },
})
