import { perlFile } from '../script-file.ts'
import { inBackground } from './background.ts'
import type { Fault } from './fault.ts'
import { withoutTranslation } from './port-way.ts'
import { bystander, requireForFault, victim } from './scripted.ts'

const sendsOn = perlFile(import.meta.url, 'sends-on.pl')
/** Nothing else sends from it: below the ports that kernels choose. */
const ownPort = 31_734

export const senderFromBefore: Fault = {
  name: 'sender-from-before',
  description: 'A host sends to a published UDP port, from one port, since before one node published it.',
  breaks: ['ING-15'],
  namedBy: { code: 'stale-conntrack', at: 'host' },
  async plant({ cluster, stack }) {
    const [from, to] = [bystander(cluster), victim(cluster)]
    const port = requireForFault(
      stack.services.dual.published.find(({ protocol, mode }) => protocol === 'udp' && mode === 'ingress'),
      'a published UDP port',
    )
    const published = await withoutTranslation(to, port)
    try {
      const words = [ownPort, to.advertise.address, port.publishedPort]
      const end = await inBackground(from.host, { program: sendsOn, words })
      return { host: to.host.name, remove: end }
    } finally {
      await published.remove()
    }
  },
}
