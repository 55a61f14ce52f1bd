import type { Planned } from '../../../lib/conformance/send-plan.ts'
import { httpGet } from '../../../lib/probe/http.ts'
import type { ProbeRequest } from '../../../lib/probe/probe.ts'

interface Probing {
  readonly common: Pick<ProbeRequest, 'from' | 'to' | 'timeoutMs'>
  /** Where a responder sends back what it is sent. */
  readonly echo: { readonly port: number; readonly payload: Uint8Array }
  /** What is asked of the web server of a task, and for how long where that differs. */
  readonly page: { readonly path: string; readonly timeoutMs?: number }
}

/** An ICMP echo, a datagram that must come back and an HTTP request from one end to the other. */
export function everyProtocol<T extends object>(
  entry: T,
  { common, echo, page: { path, ...time } }: Probing,
): Planned<T & { readonly protocol: 'icmp' | 'udp' | 'tcp' }>[] {
  return [
    { ...entry, protocol: 'icmp', request: { ...common, kind: 'icmp', packetBytes: 84 } },
    { ...entry, protocol: 'udp', request: { ...common, kind: 'udp', ...echo, expectReply: true } },
    {
      ...entry,
      protocol: 'tcp',
      request: { ...common, ...time, kind: 'tcp', port: 80, request: httpGet(path) },
    },
  ]
}
