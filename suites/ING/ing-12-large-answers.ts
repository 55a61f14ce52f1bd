import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { distinct } from '../../lib/observation/problem.ts'
import { hasIngress } from '../../lib/swarm/no-ingress.ts'
import { transferProblems } from '../scene/recordings/downloads.ts'
import { ingressMissing } from '../scene/recordings/mesh.ts'
import { sizes } from '../scene/recordings/sizes.ts'
import { moby } from '../source.ts'

export const largeAnswers = requirement({
  id: 'ING-12',
  requirement: 'A response larger than the MTU arrives whole through every node.',
  source: [moby('issue 24906')],
  safety: 'production',
  needs: ['two-nodes', 'ipvs'],
  method:
    'Through the published port of every node another node fetches a file of many full-sized segments, once for each task behind the port. Every byte must arrive.',
  usualCauses: [
    'the ingress network’s MTU is larger than the underlay carries, and "fragmentation needed" is filtered',
    'docker_gwbridge has a larger MTU than ingress and MSS is not adapted on the way',
  ],
  remedy: [
    'recreate ingress with --opt com.docker.network.driver.mtu=UNDERLAY-MTU',
    'let ICMP type 3 code 4 pass between clients and nodes',
  ],
  codes: ['transfer-unanswered', 'transfer-refused', 'transfer-not-whole'],
  changes: [],
  quiet: ['changes'],
  reads: [sizes],
  observe: async (lab) => ({ sizes: hasIngress(lab.stack) ? await lab.scene(sizes) : null }),
  judge({ sizes: seen }, facts) {
    const downloads = (seen?.downloads ?? []).filter(({ by }) => by === 'ingress')
    const { bulkBytes } = facts
    const unasked = facts.nodes
      .map(({ name }) => name)
      .filter((name) => !downloads.some(({ toNode }) => toNode === name))
    const answers = downloads.reduce((sum, { probe }) => sum + probe.attempts.length, 0)
    return judgement({
      problems: distinct(downloads.flatMap((one) => transferProblems(one, bulkBytes))),
      missing: ingressMissing(facts),
      unseen: unasked.length === 0 ? [] : [{ what: 'an answer through ingress', nodes: unasked }],
      tables: {
        'answers through ingress': downloads.map(({ toNode, probe }) => ({
          ...{ from: probe.fromNode, through: toNode, outcome: probe.outcome },
          bytes: (probe.http ?? []).map((reply) => reply?.bodyBytes ?? 0),
        })),
      },
      conclusion:
        downloads.length === 0
          ? ''
          : `${answers} answers of ${bulkBytes} bytes arrived whole through ${downloads.length} nodes`,
    })
  },
})
