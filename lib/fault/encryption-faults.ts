import { tasksOn } from '../swarm/stack.ts'
import type { Stack } from '../swarm/stack.ts'
import type { Cluster, ClusterNode } from '../swarm/cluster.ts'
import { engineMark, withoutOutboundPolicies } from '../change/outbound-policies.ts'
import { bystander, requireForFault, scripted, victim } from './scripted.ts'
import { shell } from '../change/shell.ts'
import type { Fault } from './fault.ts'
import { sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { ruleWords } from '../change/rule-words.ts'
import { matchedVni } from '../observe/vni-match.ts'

function requireEncryption(cluster: Cluster, stack: Stack): ClusterNode {
  const node = victim(cluster)
  requireForFault(
    tasksOn(stack, 'secret').find((task) => task.node === node),
    'a task of the encrypted network',
  )
  return node
}

export const outboundPolicyMissing: Fault = {
  name: 'outbound-policy-missing',
  description: 'One node has lost its outbound IPsec policies; the engine then sends in clear.',
  breaks: ['ENC-01', 'ENC-03'],
  namedBy: { code: 'clear-text-leak', at: 'host' },
  async plant({ cluster, stack }) {
    const { host } = requireEncryption(cluster, stack)
    return {
      host: host.name,
      remove: requireForFault(await withoutOutboundPolicies(host), 'an outbound policy'),
    }
  },
}

export const outboundStateMissing: Fault = {
  name: 'outbound-state-missing',
  description: 'One node has lost its outbound security association to another.',
  breaks: ['ENC-03'],
  namedBy: { code: 'security-association-missing', at: 'host' },
  async plant({ cluster, stack }) {
    const node = requireEncryption(cluster, stack)
    const state = {
      folder: '/run/swarmproof-fault',
      from: node.dataPath.address,
      to: bystander(cluster).dataPath.address,
      mark: engineMark,
    }
    return scripted(node, {
      plant: scriptFile(import.meta.url, 'outbound-state-deleted.sh', state),
      remove: scriptFile(import.meta.url, 'outbound-state-restored.sh', state),
    })
  },
}

/** Finds one of the engine's rules for an encrypted network, deletes it, and puts it back where it was. */
async function withoutRule(
  node: ClusterNode,
  where: { readonly vni: number; readonly table: string; readonly chain: string; readonly holding: string },
): ReturnType<Fault['plant']> {
  const iptables = sh`iptables -w -t ${where.table}`
  const lines = (await shell(node.host, sh`${iptables} -S ${where.chain}`)).split('\n')
  const rules = lines.filter((line) => line.startsWith('-A'))
  const index = rules.findIndex((line) => line.includes(where.holding) && matchedVni(line) === where.vni)
  // Behind `-A CHAIN`.
  const rule = ruleWords(requireForFault(rules[index], 'the engine’s rule'), node.host.name).slice(2)
  return scripted(node, {
    plant: sh`${iptables} -D ${where.chain} ${rule}`,
    remove: sh`${iptables} -I ${where.chain} ${index + 1} ${rule}`,
  })
}

export const markRuleMissing: Fault = {
  name: 'mark-rule-missing',
  description: 'One node no longer marks packets of the encrypted network for encryption.',
  breaks: ['ENC-01', 'ENC-07'],
  namedBy: { code: 'clear-text-leak', at: 'host' },
  plant: async ({ cluster, stack }) =>
    withoutRule(requireEncryption(cluster, stack), {
      vni: stack.networks.secret.vni,
      table: 'mangle',
      chain: 'OUTPUT',
      holding: '-j MARK',
    }),
}

export const ingressMarkRuleMissing: Fault = {
  name: 'ingress-mark-rule-missing',
  description: 'One node no longer marks packets of an encrypted ingress network for encryption.',
  breaks: ['ENC-09'],
  namedBy: { code: 'clear-text-leak', at: 'host' },
  plant: async ({ cluster, stack }) =>
    withoutRule(victim(cluster), {
      vni: stack.networks.ingress.vni,
      table: 'mangle',
      chain: 'OUTPUT',
      holding: '-j MARK',
    }),
}

export const dropRuleMissing: Fault = {
  name: 'drop-rule-missing',
  description: 'One node no longer drops packets of the encrypted network that arrive in clear.',
  breaks: ['ENC-05', 'ENC-07'],
  namedBy: { code: 'clear-text-let-in', at: 'host' },
  plant: async ({ cluster, stack }) =>
    withoutRule(requireEncryption(cluster, stack), {
      vni: stack.networks.secret.vni,
      table: 'filter',
      chain: 'INPUT',
      holding: '-j DROP',
    }),
}

export const acceptBeforeDropRule: Fault = {
  name: 'accept-before-drop-rule',
  description: 'An admin rule on one node accepts VXLAN before the engine’s drop rule is asked.',
  breaks: ['ENC-05', 'ENC-07'],
  namedBy: { code: 'clear-text-let-in', at: 'host' },
  async plant({ cluster }) {
    const rule = sh`INPUT -p udp --dport ${cluster.dataPathPort} -j ACCEPT`
    return scripted(victim(cluster), {
      plant: sh`iptables -w -I ${rule}`,
      remove: sh`iptables -w -D ${rule}`,
    })
  },
}

export const clearNetworkEncrypted: Fault = {
  name: 'clear-network-encrypted',
  description: 'One node marks VXLAN of every network for encryption.',
  breaks: ['VXL-01', 'VXL-08', 'ENC-02'],
  namedBy: { code: 'clear-overlay-encrypted', at: 'host' },
  async plant({ cluster, stack }) {
    const rule = sh`OUTPUT -p udp --dport ${cluster.dataPathPort} -j MARK --set-mark ${engineMark}`
    return scripted(requireEncryption(cluster, stack), {
      plant: sh`iptables -w -t mangle -A ${rule}`,
      remove: sh`iptables -w -t mangle -D ${rule}`,
    })
  },
}

export const packetsRepeated: Fault = {
  name: 'packets-repeated',
  description: 'A queueing discipline on one node sends every second packet twice.',
  breaks: ['ENC-04'],
  namedBy: { code: 'queueing-disturbs', at: 'host' },
  besides: ['packets-doubled'],
  async plant({ cluster }) {
    const node = victim(cluster)
    const device = sh`dev ${node.dataPath.interface}`
    return scripted(node, {
      plant: sh`tc qdisc add ${device} root netem duplicate 50%`,
      remove: sh`tc qdisc del ${device} root`,
    })
  },
}
