import type { ObserveContext } from '../../lib/conformance/context.ts'
import { probeSeen } from '../../lib/conformance/send-plan.ts'
import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { outcomeSeen, type ProbeSeen } from '../../lib/observation/probe-seen.ts'
import { distinct, type Problem } from '../../lib/observation/problem.ts'
import { httpReply } from '../../lib/probe/http.ts'
import { hasIngress } from '../../lib/swarm/no-ingress.ts'
import { planDownloads } from '../scene/downloads.ts'
import { ingressMissing } from '../scene/mesh.ts'
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
  codes: ['answer-not-whole', 'port-not-answered'],
  changes: [],
  quiet: [],
  reads: [],
  observe: async (lab) => ({ downloads: await download(lab) }),
  judge({ downloads }, facts) {
    const { bulkBytes } = facts
    const through = new Set(downloads.map((one) => one.through))
    const unasked = facts.nodes.map(({ name }) => name).filter((name) => !through.has(name))
    const ingress = facts.networks.ingress?.name ?? ''
    return judgement({
      problems: distinct(
        downloads.flatMap((one) =>
          downloadProblems(one, bulkBytes).map((problem) => ({
            ...{ ...problem, network: ingress, service: facts.services.web.name },
          })),
        ),
      ),
      missing: ingressMissing(facts),
      unseen: unasked.length === 0 ? [] : [{ what: 'an answer through ingress', nodes: unasked }],
      tables: {
        'answers through ingress': downloads.map(({ from, through: node, probe, status, bodyBytes }) => ({
          ...{ from, through: node, outcome: probe.outcome, status, bytes: bodyBytes },
        })),
      },
      conclusion:
        downloads.length === 0
          ? ''
          : `${downloads.length} answers of ${bulkBytes} bytes arrived whole through ${through.size} nodes`,
    })
  },
})

/** The file fetched once, from a node by another. */
interface Fetched {
  readonly from: string
  readonly through: string
  readonly probe: ProbeSeen
  /** Null without an answer. */
  readonly status: number | null
  readonly bodyBytes: number
}

/** One after another they would wait for each other's time limit where answers are lost. */
async function download({ cluster, stack, probe }: ObserveContext): Promise<Fetched[]> {
  if (!hasIngress(stack)) return []
  const planned = planDownloads(cluster, stack, { roles: [], balances: true }).flatMap(
    ({ by, through, request }) => {
      if (by !== 'ingress' || through === undefined) return []
      const { repeat = 1, ...once } = request
      return Array.from({ length: repeat }, () => ({ through: through.host.name, request: once }))
    },
  )
  const observations = await probe.send(planned.map(({ request }) => request))
  return planned.flatMap(({ through, request }, index) => {
    const observation = observations[index]
    if (observation === undefined) return []
    const reply = httpReply(observation.replies[0] ?? Buffer.alloc(0))
    const total = observation.replyBytes[0] ?? 0
    const seen = probeSeen(observation)
    return [
      {
        ...{ from: request.from.host.name, through },
        // The file itself tells nothing.
        probe: { ...seen, replies: seen.replies.map(() => '') },
        ...{ status: reply?.status ?? null, bodyBytes: total - (reply?.headerBytes ?? 0) },
      },
    ]
  })
}

function downloadProblems(
  { from, through, probe, status, bodyBytes }: Fetched,
  bulkBytes: number,
): Problem[] {
  if (status === 200 && bodyBytes === bulkBytes) return []
  const where = {
    ...({ kind: 'missed', node: through, path: { from, to: through }, protocol: 'TCP' } as const),
    ...{ address: probe.to, port: probe.port ?? 0 },
  }
  // Where full-sized packets are lost, nothing at all may come of an answer.
  const isOpen = probe.outcome === 'timeout' || probe.outcome === 'answered'
  if (status === null && !isOpen)
    return [{ ...where, code: 'port-not-answered', observed: outcomeSeen(probe) }]
  const observed =
    status === null || status === 200 ? `${bodyBytes} bytes, ${probe.outcome}` : `HTTP status ${status}`
  return [{ ...where, code: 'answer-not-whole', expected: bulkBytes, observed }]
}
