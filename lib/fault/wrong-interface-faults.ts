import { scriptLines, sh } from '../script.ts'
import { bystander, scripted, untilForgotten, victim } from './scripted.ts'
import type { Fault } from './fault.ts'
import { defaultDataPathPort } from '../topology/swarm-defaults.ts'

export const vxlanOnUsualPort: Fault = {
  name: 'vxlan-on-usual-port',
  description: 'A NAT rule of one node sends VXLAN to port 4789, whatever the swarm was told.',
  breaks: ['CTL-08'],
  namedBy: { code: 'foreign-translation', at: 'host' },
  async plant({ cluster }) {
    const rule = sh`OUTPUT -p udp --dport ${cluster.dataPathPort} -j DNAT --to-destination :${defaultDataPathPort}`
    const translated = ` dport=${cluster.dataPathPort} .* sport=${defaultDataPathPort} `
    return scripted(victim(cluster), {
      plant: sh`iptables -w -t nat -I ${rule}`,
      remove: scriptLines([sh`iptables -w -t nat -D ${rule}`, untilForgotten(translated)]),
    })
  },
}

export const controlTrafficWrongInterface: Fault = {
  name: 'control-traffic-wrong-interface',
  description: 'A route of one node leads to another’s advertise address by the data-path interface.',
  breaks: ['CTL-09'],
  namedBy: { code: 'peer-by-another-interface', at: 'host' },
  async plant({ cluster }) {
    const [node, other] = [victim(cluster), bystander(cluster)]
    const route = sh`${other.advertise.address}/32 via ${other.dataPath.address} dev ${node.dataPath.interface}`
    return scripted(node, { plant: sh`ip route add ${route}`, remove: sh`ip route del ${route}` })
  },
}

export const dataTrafficWrongInterface: Fault = {
  name: 'data-traffic-wrong-interface',
  description: 'A route of one node leads to another’s data-path address by the advertise interface.',
  breaks: ['CTL-09'],
  namedBy: { code: 'peer-by-another-interface', at: 'host' },
  async plant({ cluster }) {
    const [node, other] = [victim(cluster), bystander(cluster)]
    const route = sh`${other.dataPath.address}/32 via ${other.advertise.address} dev ${node.advertise.interface}`
    return scripted(node, { plant: sh`ip route add ${route}`, remove: sh`ip route del ${route}` })
  },
}
