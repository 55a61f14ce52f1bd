import { plantRules } from '../change/firewall-rules.ts'
import { dockerFront } from './docker-front.ts'
import { standsIn } from './docker-stand-in.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { victim } from './scripted.ts'

/** Of the ports managers give (swarmkit, manager/allocator: dynamicPortStart to dynamicPortEnd). */
const givenPorts = '30000:32767'

export const givenPortsBlocked: Fault = {
  name: 'given-ports-blocked',
  description: 'A firewall on one node drops what comes for the ports that managers give to services.',
  breaks: ['ING-13', 'OVL-18'],
  namedBy: { code: 'published-port-dropped', at: 'host' },
  async plant({ cluster }) {
    const { host } = victim(cluster)
    const rule = sh`! -i lo -p tcp --dport ${givenPorts} -j DROP`
    return {
      host: host.name,
      remove: await plantRules(host, [{ table: 'raw', chain: 'PREROUTING', rule }]),
    }
  },
}

export const modeChangeIgnored: Fault = {
  name: 'mode-change-ignored',
  description: 'A manager is told to switch a service to dnsrr and leaves it its virtual IP.',
  breaks: ['DSC-07'],
  unnamed: 'only what the manager answers is wrong, and the verdict says it: no host shows why',
  plant: ({ cluster }) => dockerFront(cluster.manager, sh`dnsrr) word=vip`),
}

/** The service without an overlay that publishes gets one, and its task is to run where the fault is. */
export const overlayGivenUnasked: Fault = {
  ...standsIn(
    {
      name: 'overlay-given-unasked',
      description: 'A service that is created without a network is put on one by the manager.',
      breaks: ['OVL-17'],
      unnamed: 'only what the manager answers is wrong, and the verdict says it: no host shows why',
    },
    ({ stack, cluster }) =>
      scriptFile(import.meta.url, 'overlay-given-unasked.sh', {
        network: stack.networks.extra.name,
        node: cluster.manager.nodeId,
      }),
  ),
}

export const publishingAccepted = standsIn(
  {
    name: 'publishing-without-ingress-accepted',
    description: 'The manager takes a service that publishes without ingress without a word.',
    breaks: ['ING-11'],
    unnamed: 'only what the manager answers is wrong, and the verdict says it: no host shows why',
  },
  () => scriptFile(import.meta.url, 'publishing-accepted.sh'),
)

export const subnetWithheld = standsIn(
  {
    name: 'subnet-withheld',
    description:
      'The manager states no subnet for a network that was made without one, even with a task on it.',
    breaks: ['OVL-08'],
    unnamed: 'only what the manager answers is wrong, and the verdict says it: no host shows why',
  },
  () => scriptFile(import.meta.url, 'subnet-withheld.sh'),
)
