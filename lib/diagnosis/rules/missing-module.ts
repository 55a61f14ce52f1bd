import type { LabView } from '../lab-view.ts'
import type { Draft, Rule } from '../rule.ts'

interface ModuleWords extends Pick<Draft, 'cause' | 'remedy'> {
  readonly title: string
}

/** A kernel module that nodes need is not there: a problem where kernels are the hosts' own, a skip where they are not. */
function missingModule(code: string, module: string, gravity: number, words: ModuleWords): Rule {
  return {
    code,
    gravity,
    find(lab) {
      const reported = lab.problems('module-missing').filter(({ subject }) => subject === module)
      const lacking = lab.notPassed.flatMap(({ verdict }) =>
        (verdict?.missing ?? []).filter(({ of, what }) => of === 'swarm' && what === module),
      )
      const nodes = inOrder(lab, [
        ...reported.flatMap(({ node }) => node ?? []),
        ...lacking.flatMap((one) => one.nodes),
      ])
      if (nodes.length === 0) return []
      return [
        {
          ...words,
          nodes,
          proof: [`module ${module} is neither loaded nor could be on ${nodes.join(', ')}`],
          explains: (problem) => problem.code === 'module-missing' && problem.subject === module,
          accountsFor: (id) =>
            (lab.requirement(id)?.verdict?.missing ?? []).some(
              ({ of, what }) => of === 'swarm' && what === module,
            ),
        },
      ]
    },
  }
}

function inOrder(lab: LabView, nodes: readonly string[]): string[] {
  return lab.nodeNames.filter((name) => nodes.includes(name))
}

/** VIPs and the routing mesh are IPVS; without it a service name resolves and its address answers nobody. */
export const kernelWithoutIpVs = missingModule('kernel-without-ip-vs', 'ip_vs', 40, {
  title: 'The kernel has no `ip_vs`: VIPs and published ports cannot work',
  cause:
    'Docker balances VIPs and ingress with IPVS in the kernel. Where the module is missing the engine logs an error, tasks still become Running, names still resolve, and connections to the VIP or to a published port time out. The network between the hosts is not at fault.',
  remedy: [
    'Load it on every node: `modprobe -a ip_vs ip_vs_rr`, and keep it with a line `ip_vs` in `/etc/modules-load.d/swarm.conf`',
    'If modprobe does not find it, install the kernel package with all modules (cloud and minimal kernels leave it out), or run a kernel built with CONFIG_IP_VS, CONFIG_IP_VS_RR and CONFIG_NETFILTER_XT_MATCH_IPVS',
    'Until then use `--endpoint-mode dnsrr` and `--publish mode=host`, which need no IPVS',
  ],
})

/** The engine logs that it could not install a security association and goes on; packets are dropped. */
export const kernelWithoutEsp4 = missingModule('kernel-without-esp4', 'esp4', 50, {
  title: 'The kernel has no `esp4`: encrypted overlays cannot work',
  cause:
    'An overlay created with `--opt encrypted` is IPsec in the kernel. Where `esp4` is missing the engine only logs that it failed to add the security associations, tasks still become Running, and everything sent to another host on that network is dropped.',
  remedy: [
    'Load it on every node: `modprobe esp4`, and keep it with a line `esp4` in `/etc/modules-load.d/swarm.conf`',
    'If modprobe does not find it, install the kernel package with all modules, or run a kernel built with CONFIG_INET_ESP, CONFIG_XFRM_USER and CONFIG_CRYPTO_GCM',
    'Then restart the engine of that node, or move its tasks off and on again: associations are added when a peer appears',
  ],
})
