import { perlFile, scriptFile } from '../script-file.ts'
import { sh } from '../script.ts'
import { inBackground } from './background.ts'
import { dockerFront, dockerStandIn, putBeforeDocker } from './docker-front.ts'
import type { Fault } from './fault.ts'
import { scripted, victim } from './scripted.ts'

/** Joining goes to the engine's socket past its client, which only says where that is. */
const passedThrough = perlFile(import.meta.url, 'joins-by-another-interface.pl')
const socket = '/run/swarmproof-fault-join.sock'
const enginesSocket = '/var/run/docker.sock'

export const wrongAdvertiseInterface: Fault = {
  name: 'wrong-advertise-interface',
  description: 'A node that joins takes the address of another interface than the one named.',
  breaks: ['CTL-12'],
  unnamed: 'only what the manager answers is wrong, and the verdict says it: no host shows why',
  async plant({ cluster }) {
    const node = victim(cluster)
    const words = [socket, enginesSocket, node.advertise.interface, node.dataPath.interface]
    const end = await inBackground(node.host, { program: passedThrough, words })
    const planted = await scripted(node, {
      plant: putBeforeDocker(scriptFile(import.meta.url, 'joins-by-another-interface.sh', { socket })),
      remove: sh`rm -f ${dockerStandIn} ${socket}`,
    })
    return {
      ...planted,
      async remove() {
        await planted.remove()
        await end()
      },
    }
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
