import { missingModule } from '../missing-module.ts'
import { finding } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** VIPs and the routing mesh are IPVS; without it a service name resolves and its address answers nobody. */
export const kernelWithoutIpVs: Rule = (run) => {
  const missing = missingModule(run, 'ip_vs', ['LB-02', 'LB-01', 'ING-05', 'ING-01', 'DSC-04'])
  if (missing === undefined) return undefined
  return finding({
    title: 'The kernel has no `ip_vs`: VIPs and published ports cannot work',
    cause:
      'Docker balances VIPs and ingress with IPVS in the kernel. Where the module is missing the engine logs an error, tasks still become Running, names still resolve, and connections to the VIP or to a published port time out. The network between the hosts is not at fault.',
    remedy: [
      'Load it on every node: `modprobe -a ip_vs ip_vs_rr`, and keep it with a line `ip_vs` in `/etc/modules-load.d/swarm.conf`',
      'If modprobe does not find it, install the kernel package with all modules (cloud and minimal kernels leave it out), or run a kernel built with CONFIG_IP_VS, CONFIG_IP_VS_RR and CONFIG_NETFILTER_XT_MATCH_IPVS',
      'Until then use `--endpoint-mode dnsrr` and `--publish mode=host`, which need no IPVS',
    ],
    requirements: run.notPassed('DSC-04', 'LB-*', 'ING-*'),
    hosts: missing.hosts,
  })
}
