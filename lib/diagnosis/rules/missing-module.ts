import type { CatalogEntry } from '../../observation/catalog-entry.ts'
import type { LabView } from '../lab-view.ts'
import type { Rule } from '../rule.ts'

/** A kernel module that nodes need is not there: a problem where kernels are the hosts' own, a skip where they are not. */
function missingModule(module: string, entry: CatalogEntry): Rule {
  return {
    ...entry,
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
          title: entry.title,
          cause: entry.meaning,
          remedy: entry.remedy,
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
export const kernelWithoutIpVs = missingModule('ip_vs', {
  code: 'kernel-without-ip-vs',
  title: 'The kernel has no `ip_vs`: VIPs and published ports cannot work',
  severity: ['cause'],
  meaning:
    'Docker balances VIPs and ingress with IPVS in the kernel. Where the module is missing the engine logs an error, tasks still become Running, names still resolve, and connections to the VIP or to a published port time out. The network between the hosts is not at fault.',
  proof: ['`ip_vs` is neither loaded nor built in on the node, and modprobe has none to load'],
  silencedBy: [
    'The module is loaded, built in or can be loaded when it is needed: balancers that fail have another cause',
  ],
  remedy: [
    'Load it on every node: `modprobe -a ip_vs ip_vs_rr`, and keep it with a line `ip_vs` in `/etc/modules-load.d/swarm.conf`',
    'If modprobe does not find it, install the kernel package with all modules (cloud and minimal kernels leave it out), or run a kernel built with CONFIG_IP_VS, CONFIG_IP_VS_RR and CONFIG_NETFILTER_XT_MATCH_IPVS',
    'Until then use `--endpoint-mode dnsrr` and `--publish mode=host`, which need no IPVS',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/28168',
      says: 'Services could not reach each other by name; `lsmod` showed no ip_vs, and the maintainers asked to load it and ip_vs_rr.',
    },
    {
      url: 'https://github.com/moby/moby/issues/24005',
      says: 'A kernel without CONFIG_IP_VS: one user saw the engine log it, another saw no message at all and no load balancing.',
    },
    {
      url: 'https://github.com/intel/cc-oci-runtime/issues/130',
      says: 'On Clear Linux, whose kernel came without IPVS, balancing across the swarm failed.',
    },
  ],
})

/** The engine logs that it could not install a security association and goes on; packets are dropped. */
export const kernelWithoutEsp4 = missingModule('esp4', {
  code: 'kernel-without-esp4',
  title: 'The kernel has no `esp4`: encrypted overlays cannot work',
  severity: ['cause'],
  meaning:
    'An overlay created with `--opt encrypted` is IPsec in the kernel. Where `esp4` is missing the engine only logs that it failed to add the security associations, tasks still become Running, and everything sent to another host on that network is dropped.',
  proof: ['`esp4` is neither loaded nor built in on the node, and modprobe has none to load'],
  silencedBy: ['`esp4` is loaded, built in or can be loaded: encryption that fails has another cause'],
  remedy: [
    'Load it on every node: `modprobe esp4`, and keep it with a line `esp4` in `/etc/modules-load.d/swarm.conf`',
    'If modprobe does not find it, install the kernel package with all modules, or run a kernel built with CONFIG_INET_ESP, CONFIG_XFRM_USER and CONFIG_CRYPTO_GCM',
    'Then restart the engine of that node, or move its tasks off and on again: associations are added when a peer appears',
  ],
  reports: [
    {
      url: 'https://github.com/docker/for-mac/issues/744',
      says: 'Services could not join an encrypted network on Docker for Mac; a maintainer found IPsec modules missing in its kernel.',
    },
    {
      url: 'https://github.com/moby/moby/issues/27288',
      says: 'The script that checks a kernel for Docker did not ask for all that encrypted networks need.',
    },
  ],
})
