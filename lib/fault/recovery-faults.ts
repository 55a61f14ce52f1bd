import { plantRules } from '../change/firewall-rules.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { bystander, requireForFault, scripted, victim } from './scripted.ts'

/** In the raw table of a node that is not disturbed: neither a restart nor a reboot of the other takes it away. */
export const neverRecovers: Fault = {
  name: 'never-recovers',
  description: 'A node drops VXLAN of the others, so that nothing holds again after a disturbance',
  breaks: ['RES-01', 'RES-02', 'RES-03'],
  namedBy: { code: 'host-firewall-drops', at: 'host' },
  async plant({ cluster }) {
    const { host } = bystander(cluster)
    const rule = sh`-p udp --dport ${cluster.dataPathPort} -j DROP`
    return { host: host.name, remove: await plantRules(host, [{ table: 'raw', chain: 'PREROUTING', rule }]) }
  },
}

export const arrivingVxlanDropped: Fault = {
  name: 'arriving-vxlan-dropped',
  description: 'A node drops VXLAN after it has arrived, so that a capture still sees it',
  breaks: ['OVL-03', 'OVL-11'],
  namedBy: { code: 'host-firewall-drops', at: 'host' },
  plant: (on) => neverRecovers.plant(on),
}

const folder = '/run/swarmproof-fault-reload'

export const reloadHookDrops: Fault = {
  name: 'reload-hook-drops',
  description:
    'A hook of one node’s firewall restores the engine’s rules after a reload and drops the published port',
  breaks: ['RES-05'],
  namedBy: { code: 'published-port-dropped', at: 'host' },
  async plant({ cluster, stack }) {
    const { web } = stack.services
    const serves = stack.tasks.filter(({ service }) => service === web.name).map(({ node }) => node)
    const node = cluster.nodes.find((one) => one.role === 'worker' && serves.includes(one)) ?? victim(cluster)
    const port = requireForFault(web.published[0], 'a published port').publishedPort
    const hook = scriptFile(import.meta.url, 'reload-hook-drops.sh', { folder, port })
    return scripted(node, {
      plant: sh`umask 077; mkdir -p ${folder}
for table in filter nat mangle; do iptables-save -t "$table"; done >${folder}/rules
sh -c ${hook.text} >/dev/null 2>&1 </dev/null &`,
      remove: sh`iptables -w -t raw -D PREROUTING -p tcp --dport ${port} -j DROP 2>/dev/null; rm -rf ${folder}`,
    })
  },
}
