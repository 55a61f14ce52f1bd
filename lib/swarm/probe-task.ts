import type { StackSpec } from '../topology/topology.ts'

/** The image labs have; what else a stack is to run is said by its `probeImage`. */
const usualProbeImage = 'swarmproof/probe:1'

export function probeImageOf({ probeImage = usualProbeImage }: Pick<StackSpec, 'probeImage'>): string {
  return probeImage
}

export const bulkBytes = 262_144

/** What a probe task does: serve its host name and a bulk file. The trap makes busybox end at once as PID 1. */
export const taskScript = [
  'mkdir -p /www',
  'hostname > /www/index.html',
  `dd if=/dev/urandom of=/www/bulk bs=65536 count=${bulkBytes / 65_536} 2>/dev/null`,
  'trap "exit 0" TERM',
  'httpd -f -p 80 -h /www & wait',
].join('; ')
