import type { ProbeSeen } from '../../lib/observation/probe-seen.ts'
import { task, threeNodes } from '../three-nodes.fake.ts'

const three = threeNodes()
export const on = (home: string, endpoints: Record<string, string>, name: string) => ({
  ...task(name, home, 8),
  endpoints: Object.fromEntries(
    Object.entries(endpoints).map(([network, address]) => [
      network,
      { address, mac: '02:42:0a:00:00:08', prefixLength: 24 },
    ]),
  ),
})
export const both = on('worker1', { 'swp-clear': '10.91.1.8', 'swp-extra': '10.0.2.8' }, 'both')
export const dual = on('worker2', { 'swp-extra': '10.0.2.5' }, 'dual')
export const facts = threeNodes({ tasks: [...three.tasks, both, dual] })
export const probe = (from: string, to: string, body: string, more: Partial<ProbeSeen> = {}): ProbeSeen => ({
  ...{ kind: 'tcp', from, fromNode: from.split('@')[1] ?? from, to, port: 80, elapsedMs: 1500 },
  ...{ outcome: body === '' ? 'timeout' : 'answered', attempts: [], replies: body === '' ? [] : [body] },
  ...{ replyBytes: [body.length], ...more },
})
export const polled = (...looks: object[]) => ({
  ...{ reached: true, seconds: looks.length, withinSeconds: 90, failedLooks: 0 },
  looks: looks.map((seen, index) => ({ atSeconds: index + 1, seen })),
  last: looks.at(-1),
})
export const own = {
  id: 'ownnetidentifier',
  name: 'swp-reshape-own',
  vni: 4120,
  encrypted: false,
  ingress: false,
}
export const threw = { threw: 'the change takes effect: not one look within 90 s came to its end' }
