import { sh } from '../script.ts'
import type { Fault } from './fault.ts'
import { scripted, victim } from './scripted.ts'

const file = '/etc/sysctl.d/90-hardening.conf'

export const forwardingSwitchedOff: Fault = {
  name: 'forwarding-off',
  description: 'A file of sysctl settings turns forwarding off on one node.',
  breaks: ['ING-01', 'GWB-02'],
  namedBy: { code: 'forwarding-off', at: 'host' },
  plant: ({ cluster }) =>
    scripted(victim(cluster), {
      plant: sh`echo net.ipv4.ip_forward=0 > ${file} && sysctl -q -p ${file} || { rm -f ${file}; exit 1; }`,
      remove: sh`rm ${file} && sysctl -q -w net.ipv4.ip_forward=1`,
    }),
}
