import { tasksOn } from '../swarm/stack.ts'
import { plantRules } from '../change/firewall-rules.ts'
import type { Fault } from './fault.ts'
import { scriptLines, sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { processId } from '../identifier.ts'
import { bystander, requireForFault, scripted, victim } from './scripted.ts'
import { shell } from '../change/shell.ts'

export const secondNetworkSilent: Fault = {
  name: 'second-network-silent',
  description: 'A task on two overlays drops what comes in on one of them',
  breaks: ['OVL-08'],
  namedBy: { code: 'namespace-firewall-drops', at: 'host' },
  async plant({ stack }) {
    const task = requireForFault(
      tasksOn(stack, 'extra').find(({ service }) => service === stack.services.both.name),
      'a task on two overlays',
    )
    const address = requireForFault(task.endpoints[stack.networks.extra.name], 'an endpoint').address
    const rule = sh`-d ${address} -p tcp --dport 80 -j DROP`
    const remove = await plantRules(task.node.host, [{ chain: 'INPUT', rule }], `/proc/${task.pid}/ns/net`)
    return { host: task.node.host.name, remove }
  },
}

export const constrainedTaskCutOff: Fault = {
  name: 'constrained-task-cut-off',
  description: 'The task that is bound to managers drops what comes from one node',
  breaks: ['OVL-15'],
  namedBy: { code: 'namespace-firewall-drops', at: 'host' },
  async plant({ cluster, stack }) {
    const { front, back } = stack.services
    const tasks = tasksOn(stack, 'shop')
    const target = requireForFault(
      tasks.find(({ service }) => service === back.name),
      'a constrained task',
    )
    const caller = requireForFault(
      tasks.find(({ service, node }) => service === front.name && node === victim(cluster)),
      'a task that calls it',
    )
    const address = requireForFault(caller.endpoints[stack.networks.shop.name], 'an endpoint').address
    const rule = sh`-s ${address} -j DROP`
    const remove = await plantRules(
      target.node.host,
      [{ chain: 'INPUT', rule }],
      `/proc/${target.pid}/ns/net`,
    )
    return { host: victim(cluster).host.name, causeAt: target.node.host.name, remove }
  },
}

export const vxlanNotSent: Fault = {
  name: 'vxlan-not-sent',
  description: 'A firewall on one node drops VXLAN the node itself sends to another',
  breaks: ['VXL-07'],
  namedBy: { code: 'outgoing-dropped', at: 'host' },
  async plant({ cluster }) {
    const { host } = victim(cluster)
    const rule = sh`-p udp --dport ${cluster.dataPathPort} -d ${bystander(cluster).dataPath.address} -j DROP`
    return { host: host.name, remove: await plantRules(host, [{ chain: 'OUTPUT', rule }]) }
  },
}

export const largeOverlay: Fault = {
  name: 'large-overlay',
  description: 'The swarm has an overlay of 4096 addresses',
  breaks: ['OVL-13'],
  unnamed: 'a warning about a size: the verdict says it all',
  plant({ cluster }) {
    return scripted(cluster.manager, {
      plant: sh`docker network create --driver overlay --subnet 198.19.240.0/20 swpfault-large`,
      remove: sh`docker network rm swpfault-large`,
    })
  },
}

const markFile = '/run/swpfault-namespaces'

const keeper = scriptFile(import.meta.url, 'namespace-kept.sh', { kept: markFile })

export const namespaceKept: Fault = {
  name: 'namespace-kept',
  description:
    'Something holds the namespaces of new overlays on one node and keeps them when they are removed',
  breaks: ['OVL-12'],
  namedBy: { code: 'overlay-namespace-left', at: 'host' },
  async plant({ cluster }) {
    const { host } = victim(cluster)
    await host.remote.upload(keeper.text, '/run/swpfault-keeper.sh', 0o700)
    const start = sh`: > ${markFile}; setsid sh /run/swpfault-keeper.sh >/dev/null 2>&1 </dev/null & echo $!`
    const pid = processId((await shell(host, start)).trim(), host.name)
    return {
      host: host.name,
      async remove() {
        await shell(
          host,
          scriptLines([
            sh`kill ${pid}`,
            scriptFile(import.meta.url, 'namespaces-released.sh', { kept: markFile }),
            sh`rm -f /run/swpfault-keeper.sh`,
          ]),
        )
      },
    }
  },
}
