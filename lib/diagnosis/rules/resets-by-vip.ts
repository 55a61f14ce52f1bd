import { inWords } from '../in-words.ts'
import type { Rule } from '../rule.ts'

/** Connections by VIP are reset, and those of the same clients straight to a task are not. */
export const resetsByVip: Rule = {
  code: 'connections-by-vip-reset',
  title: 'Connections by VIP are reset, straight to a task they are not',
  severity: ['cause'],
  meaning:
    'Between client and task stands the balancer: IPVS, and connection tracking that translates addresses. Packets that tracking takes for invalid pass it untranslated, and the kernel that gets them answers with a reset. Services see “connection reset by peer” now and then, more of it under load.',
  proof: [
    'Of downloads by VIP some were reset after they had begun',
    'None of as many that the same clients made straight to a task of the service, at the same time',
  ],
  silencedBy: [
    'Downloads straight to a task were reset as well: then it is the task, or the way to it',
    'No connection was reset',
  ],
  remedy: [
    'In the balancer’s namespace on the node of the client: `nsenter --net=/run/docker/netns/lb_NETWORK sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1`; the engine does not keep it when it makes the namespace again',
    'Does tracking count invalid packets there, or a rule reset them: `nsenter --net=/run/docker/netns/lb_NETWORK conntrack -S`, and `iptables -nvL` in the same way',
    'Without a balancer: `docker service update --endpoint-mode dnsrr SERVICE`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/40374',
      says: 'Long connections broke off under load, because conntrack took packets for invalid and let them through untranslated.',
    },
  ],
  find(lab) {
    const all = lab.problems('connections-reset')
    const direct = new Set(all.filter(({ subject }) => subject !== 'by VIP').map(({ node }) => node))
    const byVip = all.filter(({ subject, node }) => subject === 'by VIP' && !direct.has(node))
    if (byVip.length === 0 || direct.size > 0) return []
    const nodes = [...new Set(byVip.flatMap(({ node }) => node ?? []))]
    const networks = [...new Set(byVip.flatMap(({ network }) => network ?? []))]
    const id = lab.networkNamed(networks[0])?.id
    const enter = `nsenter --net=/run/docker/netns/lb_${id?.slice(0, 9) ?? 'NETWORK'}`
    return [
      {
        title: `Connections by VIP are reset on ${inWords(nodes)}, straight to a task they are not`,
        cause: `The balancer of ${inWords(networks)} on ${inWords(nodes)} stands between: connection tracking in its namespace takes packets for invalid and lets them through untranslated, or a rule there resets connections.`,
        remedy: [
          `On ${inWords(nodes)}: \`${enter} iptables -nvL\` shows a rule that resets; without one, \`${enter} sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1\``,
          `Does tracking count invalid packets: \`${enter} conntrack -S\``,
          'Without a balancer: `docker service update --endpoint-mode dnsrr SERVICE`',
        ],
        ...{ nodes, networks },
        proof: byVip.map(
          ({ node, address, expected, observed }) =>
            `${node}: ${observed} of ${expected} downloads by ${address} were reset, none straight from a task`,
        ),
        explains: (problem) => problem.code === 'connections-reset',
      },
    ]
  },
  gravity: 188,
}
