import { missingModule } from '../missing-module.ts'
import { finding } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** The engine logs that it could not install a security association and goes on; packets are dropped. */
export const kernelWithoutEsp4: Rule = (run) => {
  const missing = missingModule(run, 'esp4', ['ENC-03', 'ENC-01', 'ENC-04', 'ENC-07', 'CTL-07', 'OVL-03'])
  if (missing === undefined) return undefined
  return finding({
    title: 'The kernel has no `esp4`: encrypted overlays cannot work',
    cause:
      'An overlay created with `--opt encrypted` is IPsec in the kernel. Where `esp4` is missing the engine only logs that it failed to add the security associations, tasks still become Running, and everything sent to another host on that network is dropped.',
    remedy: [
      'Load it on every node: `modprobe esp4`, and keep it with a line `esp4` in `/etc/modules-load.d/swarm.conf`',
      'If modprobe does not find it, install the kernel package with all modules, or run a kernel built with CONFIG_INET_ESP, CONFIG_XFRM_USER and CONFIG_CRYPTO_GCM',
      'Then restart the engine of that node, or move its tasks off and on again: associations are added when a peer appears',
    ],
    requirements: run.notPassed('CTL-07', 'ENC-*', 'OVL-03'),
    hosts: missing.hosts,
  })
}
