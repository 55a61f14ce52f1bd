import type { Cluster, ClusterNode } from '../swarm/cluster.ts'
import { loadBalancerNamespace } from '../swarm/namespaces.ts'
import type { Stack } from '../swarm/stack.ts'
import type { Fault } from './fault.ts'
import { inNamespace, scripted, victim } from './scripted.ts'

/** Runs a loop on a node until the fault is removed; it ends itself after ten minutes, should nobody remove it. */
function looping(node: ClusterNode, body: string): ReturnType<Fault['plant']> {
  const pidFile = '/run/swarmproof-fault.pid'
  const program = `n=0; while [ $n -lt 3000 ]; do n=$((n+1)); ${body}; sleep 0.2; done`
  return scripted(node, {
    plant: `cat > /run/swarmproof-fault.sh <<'END'\n${program}\nEND\nsetsid sh /run/swarmproof-fault.sh </dev/null >/dev/null 2>&1 &\necho $! > ${pidFile}`,
    remove: `kill $(cat ${pidFile}) || true\nrm -f ${pidFile} /run/swarmproof-fault.sh /run/swarmproof-fault.seen`,
  })
}

function ipvsadm(stack: Stack, rest: string): string {
  return inNamespace(loadBalancerNamespace(stack.networks.clear.id), `ipvsadm ${rest}`)
}

/** Lines like `-f 258 -r 10.91.1.5:0`, one a destination. */
function listed(stack: Stack): string {
  return `${ipvsadm(stack, '-S -n')} | sed -n 's/^-a \\(-f [0-9]* -r [0-9.]*\\).*/\\1/p'`
}

export const balancerNeverForgets: Fault = {
  name: 'balancer-never-forgets',
  description: 'The balancer of one node keeps every task it ever knew.',
  // Not LB-04: between the engine's removing an entry and this putting it back, a look sees what it should.
  breaks: ['LB-03', 'RES-04'],
  plant: async ({ cluster, stack }: { cluster: Cluster; stack: Stack }) =>
    looping(
      victim(cluster),
      [
        'seen=/run/swarmproof-fault.seen; touch $seen',
        `now=$(${listed(stack)})`,
        'echo "$now" | sort -u - $seen > $seen.new; mv $seen.new $seen',
        `grep . $seen | while read -r entry; do echo "$now" | grep -qxF -- "$entry" || ${ipvsadm(stack, '-a $entry -m -w 1')}; done`,
      ].join('\n'),
    ),
}

export const balancerLearnsNothing: Fault = {
  name: 'balancer-learns-nothing',
  description: 'The balancer of one node never holds more than two tasks of a service.',
  breaks: ['LB-04'],
  plant: async ({ cluster, stack }: { cluster: Cluster; stack: Stack }) =>
    looping(
      victim(cluster),
      `${listed(stack)} | awk '++seen[$2] > 2' | while read -r entry; do ${ipvsadm(stack, '-d $entry')}; done`,
    ),
}
