import type { Probe, ProbeRequest } from './probe.ts'

/** Tells how many probes are sent, each repeat counted, before they are. */
export function countingProbe(probe: Probe, onSent: (probes: number) => void): Probe {
  return {
    send(requests, options) {
      onSent(requests.reduce((sum, request) => sum + timesOf(request), 0))
      return probe.send(requests, options)
    },
  }
}

function timesOf(request: ProbeRequest): number {
  return request.kind === 'tcp' ? (request.repeat ?? 1) : 1
}
