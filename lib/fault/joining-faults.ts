import { dockerFront } from './docker-front.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { victim } from './scripted.ts'

export const wrongAdvertiseInterface: Fault = {
  name: 'wrong-advertise-interface',
  description: 'A node that joins takes the address of another interface than the one named.',
  breaks: ['CTL-12'],
  unnamed: 'only what the manager answers is wrong, and the verdict says it: no host shows why',
  plant({ cluster }) {
    const node = victim(cluster)
    return dockerFront(node, sh`${node.advertise.interface}) word=${node.dataPath.interface}`)
  },
}

export const bridgeSettingsLost: Fault = {
  name: 'bridge-settings-lost',
  description: 'A node makes docker_gwbridge with the usual MTU, whatever it is told.',
  breaks: ['GWB-05'],
  namedBy: { code: 'gateway-bridge-made-otherwise', at: 'host' },
  plant: ({ cluster }) =>
    dockerFront(
      victim(cluster),
      sh`com.docker.network.driver.mtu=*) word=com.docker.network.driver.mtu=1500`,
    ),
}
