import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { penalty } from '../scene/penalty.ts'
import { docs } from '../source.ts'
import { ratioOf, spreadOf } from './spread.ts'

export const penaltyMeasured = conformanceTest({
  id: 'ENC-10',
  requirement:
    'The performance penalty is measured: throughput and latency, encrypted ÷ clear, reported as figures.',
  source: [docs('Configure encryption of application data')],
  safety: 'production',
  advisory: true,
  needs: ['two-nodes', 'encrypted-overlay'],
  method:
    'Between the same two nodes, one direction after the other, a task downloads a file from a task of the other node over the clear network and over its encrypted twin in turn, and sends echo requests over both in turn. Throughput is bytes by the time of their connections; each figure is a median with the smallest and the largest. Samples in which something did not arrive are left out and listed. It passes when three of the five samples of each direction were whole; no figure is judged.',
  usualCauses: [
    'one of the networks does not carry traffic between the two nodes: see OVL-03, CTL-07, ENC-03',
    'large packets are lost on one of them: see MTU-03',
  ],
  remedy: [
    'curl http://TASK-ADDRESS/bulk from a task of the other node, on either network',
    'a processor with AES instructions that the guest may see (-cpu host) makes encryption cheap',
  ],
  async run(context) {
    const { evidence } = context
    const measured = await penalty(context)
    for (const { from, to, lost } of measured.directions)
      if (lost.length > 0) evidence.observe(`what did not arrive, ${from} to ${to}`, lost)
    requireNone('clear and encrypted traffic can be measured between the same two nodes', measured.problems)
    const told: string[] = []
    for (const { from, to, samples, lost } of measured.directions) {
      const throughput = ratioOf(
        samples.map(({ secret }) => secret.mibPerSecond),
        samples.map(({ clear }) => clear.mibPerSecond),
      )
      const latency = ratioOf(
        samples.flatMap(({ secret }) => secret.echoMs),
        samples.flatMap(({ clear }) => clear.echoMs),
      )
      evidence.observe(`${from} to ${to}`, {
        clear: {
          mibPerSecond: spreadOf(samples.map(({ clear }) => clear.mibPerSecond)),
          echoMs: spreadOf(samples.flatMap(({ clear }) => clear.echoMs)),
        },
        encrypted: {
          mibPerSecond: spreadOf(samples.map(({ secret }) => secret.mibPerSecond)),
          echoMs: spreadOf(samples.flatMap(({ secret }) => secret.echoMs)),
        },
        'encrypted ÷ clear': { throughput, latency },
      })
      evidence.measure(`throughput ${from} to ${to}, encrypted ÷ clear`, throughput.median, 'of clear')
      evidence.measure(`latency ${from} to ${to}, encrypted ÷ clear`, latency.median, 'of clear')
      const without = lost.length === 0 ? '' : `, from ${samples.length} samples, for others were not whole`
      told.push(
        `${from} to ${to} throughput ${throughput.median} (${throughput.min} to ${throughput.max}), latency ${latency.median} (${latency.min} to ${latency.max})${without}`,
      )
    }
    evidence.conclude(`encrypted ÷ clear: ${told.join('; ')}`)
  },
})
