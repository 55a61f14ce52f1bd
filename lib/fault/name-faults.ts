import { tasksOn } from '../swarm/stack.ts'
import { plantRules } from '../change/firewall-rules.ts'
import { shell } from '../change/shell.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { requireForFault, scripted, victim } from './scripted.ts'

export const shortNameUnanswered: Fault = {
  name: 'short-name-unanswered',
  description: 'The engine’s resolver does not answer one task of the composed stack',
  breaks: ['OVL-14'],
  namedBy: { code: 'namespace-firewall-drops', at: 'host' },
  async plant({ stack }) {
    const task = requireForFault(tasksOn(stack, 'shop').at(-1), 'a task of the composed stack')
    const rule = sh`-p udp -s 127.0.0.11 -j DROP`
    const remove = await plantRules(task.node.host, [{ chain: 'OUTPUT', rule }], `/proc/${task.pid}/ns/net`)
    return { host: task.node.host.name, remove }
  },
}

export const nameKnownToHost: Fault = {
  name: 'name-known-to-host',
  description: 'A host’s own resolver knows a service’s name',
  breaks: ['DSC-05'],
  namedBy: { code: 'name-in-hosts-file', at: 'host' },
  async plant({ cluster, stack }) {
    const { web } = stack.services
    const vip = requireForFault(web.vips[stack.networks.clear.id], 'a VIP')
    // The file may be mounted into the host, so it is written and not replaced.
    const without = sh`kept=$(grep -v '# swpfault$' /etc/hosts); printf '%s\n' "$kept" > /etc/hosts`
    return scripted(victim(cluster), {
      plant: sh`echo ${vip} ${web.name} '# swpfault' >> /etc/hosts`,
      remove: without,
    })
  },
}

export const upstreamUnreachable: Fault = {
  name: 'upstream-unreachable',
  description: 'Questions of one host and of a task on it do not reach the host’s nameservers',
  breaks: ['DSC-06'],
  namedBy: { code: 'nameservers-dead', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const task = requireForFault(
      stack.tasks.find((candidate) => candidate.node === node),
      'a task on the last node',
    )
    // Which of the two an engine asks from depends on its version.
    const rules = [{ chain: 'OUTPUT', rule: sh`-p udp --dport 53 ! -d 127.0.0.11 -j DROP` }]
    const inTask = await plantRules(node.host, rules, `/proc/${task.pid}/ns/net`)
    const onHost = await plantRules(node.host, rules)
    return {
      host: node.host.name,
      async remove() {
        await onHost()
        await inTask()
      },
    }
  },
}

export const searchListUnanswered: Fault = {
  name: 'search-list-unanswered',
  description: 'A task has a search list that is asked first, and the nameservers of its host do not answer',
  breaks: ['DSC-08'],
  besides: ['search-list-asked-first'],
  namedBy: { code: 'nameservers-dead', at: 'host' },
  async plant({ cluster, stack }) {
    const node = victim(cluster)
    const { rr } = stack.services
    const here = tasksOn(stack, 'clear').filter((task) => task.node === node)
    const task = requireForFault(here.find(({ service }) => service === rr.name) ?? here[0], 'a task there')
    const file = `/proc/${task.pid}/root/etc/resolv.conf`
    const own = await shell(node.host, sh`cat ${file}`)
    const rules = [{ chain: 'OUTPUT', rule: sh`-p udp --dport 53 ! -d 127.0.0.11 -j DROP` }]
    const inTask = await plantRules(node.host, rules, `/proc/${task.pid}/ns/net`)
    const onHost = await plantRules(node.host, rules)
    const write = (text: string) => shell(node.host, sh`printf '%s\n' ${text} > ${file}`)
    await write(`nameserver 127.0.0.11\nsearch example.com\noptions ndots:1`)
    return {
      host: node.host.name,
      async remove() {
        await write(own.trimEnd())
        await onHost()
        await inTask()
      },
    }
  },
}
