import type { Host, Lab } from '../host/host.ts'
import { stackNames } from '../swarm/stack.ts'
import { plantRules } from '../change/firewall-rules.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { dockerStandIn, putBeforeDocker } from './docker-front.ts'
import { requireForFault } from './scripted.ts'
import { shell } from '../change/shell.ts'

function outsider({ lab }: { readonly lab?: Pick<Lab, 'hosts'> }): Host {
  return requireForFault(
    lab?.hosts.find(({ node }) => node.role === 'outsider'),
    'a host outside the swarm',
  )
}

export const outsiderHasNetwork: Fault = {
  name: 'outsider-has-network',
  description: 'A host outside the swarm has a network of the name of an overlay.',
  breaks: ['OVL-16'],
  namedBy: { code: 'same-name-outside', at: 'host' },
  async plant(on) {
    const host = outsider(on)
    // The name the test gives its own.
    const name = `${stackNames({}).prefix}-ovl16-open`
    await shell(host, sh`docker network create ${name}`)
    return { host: host.name, remove: async () => void (await shell(host, sh`docker network rm ${name}`)) }
  },
}

const standIn = scriptFile(import.meta.url, 'ambiguous-init-accepted.sh')

export const ambiguousInitAccepted: Fault = {
  name: 'ambiguous-init-accepted',
  description: 'An engine outside the swarm picks one of several addresses at init without a word.',
  breaks: ['CTL-13'],
  unnamed: 'only what the manager answers is wrong, and the verdict says it: no host shows why',
  async plant(on) {
    const host = outsider(on)
    await shell(host, putBeforeDocker(standIn))
    return { host: host.name, remove: async () => void (await shell(host, sh`rm ${dockerStandIn}`)) }
  },
}

export const routerDropsVxlan: Fault = {
  name: 'router-drops-vxlan',
  description: 'A host that is to route between nodes drops VXLAN.',
  breaks: ['VXL-09'],
  namedBy: { code: 'router-drops', at: 'host' },
  async plant(on) {
    const host = outsider(on)
    const rule = sh`-p udp --dport ${on.cluster.dataPathPort} -j DROP`
    return {
      host: host.name,
      remove: await plantRules(host, [{ table: 'raw', chain: 'PREROUTING', rule }]),
    }
  },
}
