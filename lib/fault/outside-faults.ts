import type { Host, Lab } from '../host/host.ts'
import { stackNames } from '../swarm/stack.ts'
import { plantRules } from '../host/firewall-rules.ts'
import type { Fault } from './fault.ts'
import { must } from './scripted.ts'
import { shell } from '../host/shell.ts'

function outsider({ lab }: { readonly lab?: Pick<Lab, 'hosts'> }): Host {
  return must(
    lab?.hosts.find(({ node }) => node.role === 'outsider'),
    'a host outside the swarm',
  )
}

export const strangerHasNetwork: Fault = {
  name: 'stranger-has-network',
  description: 'A host outside the swarm has a network of the name of an overlay.',
  breaks: ['OVL-16'],
  async plant(on) {
    const host = outsider(on)
    // The name the test gives its own.
    const name = `${stackNames({}).prefix}-ovl16-open`
    await shell(host, `docker network create ${name}`)
    return { host: host.name, remove: async () => void (await shell(host, `docker network rm ${name}`)) }
  },
}

const program = '/usr/local/bin/docker'

export const ambiguousInitAccepted: Fault = {
  name: 'ambiguous-init-accepted',
  description: 'An engine outside the swarm picks one of several addresses at init without a word.',
  breaks: ['CTL-13'],
  async plant(on) {
    const host = outsider(on)
    const script = [
      '#!/bin/sh',
      'case " $* " in',
      '  *" swarm init "*--advertise-addr*) ;;',
      '  *" swarm init "*) exit 0 ;;',
      'esac',
      'exec /usr/bin/docker "$@"',
    ].join('\n')
    await shell(host, `[ ! -e ${program} ]\ncat >${program} <<'END'\n${script}\nEND\nchmod +x ${program}`)
    return { host: host.name, remove: async () => void (await shell(host, `rm ${program}`)) }
  },
}

export const routerDropsVxlan: Fault = {
  name: 'router-drops-vxlan',
  description: 'A host that is to route between nodes drops VXLAN.',
  breaks: ['VXL-09'],
  async plant(on) {
    const host = outsider(on)
    const rule = `-p udp --dport ${on.cluster.dataPathPort} -j DROP`
    return {
      host: host.name,
      remove: await plantRules(host, [{ table: 'raw', chain: 'PREROUTING', rule }]),
    }
  },
}
