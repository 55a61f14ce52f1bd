import type { Cluster, ClusterNode } from '../swarm/cluster.ts'
import { loadBalancerNamespace } from '../swarm/namespaces.ts'
import type { Stack } from '../swarm/stack.ts'
import type { Fault } from './fault.ts'
import { type Script, sh } from '../script.ts'
import { inNamespace, scripted, victim } from './scripted.ts'

/** Runs a loop on a node until the fault is removed; it ends itself after ten minutes, should nobody remove it. */
function looping(node: ClusterNode, body: Script): ReturnType<Fault['plant']> {
  const pidFile = '/run/swarmproof-fault.pid'
  const program = sh`n=0; while [ $n -lt 3000 ]; do n=$((n+1)); ${body}; sleep 0.2; done`
  return scripted(node, {
    plant: sh`printf '%s\n' ${program.text} > /run/swarmproof-fault.sh
setsid sh /run/swarmproof-fault.sh </dev/null >/dev/null 2>&1 &
echo $! > ${pidFile}`,
    remove: sh`kill $(cat ${pidFile}) || true
rm -f ${pidFile} /run/swarmproof-fault.sh /run/swarmproof-fault.seen`,
  })
}

function ipvsadm(stack: Stack, rest: Script): Script {
  return inNamespace(loadBalancerNamespace(stack.networks.clear.id), sh`ipvsadm ${rest}`)
}

/** Lines like `-f 258 -r 10.91.1.5:0`, one a destination. */
function listed(stack: Stack): Script {
  return sh`${ipvsadm(stack, sh`-S -n`)} | sed -n 's/^-a \(-f [0-9]* -r [0-9.]*\).*/\1/p'`
}

export const balancerNeverForgets: Fault = {
  name: 'balancer-never-forgets',
  description: 'The balancer of one node keeps every task it ever knew.',
  // Not LB-04: between the engine's removing an entry and this putting it back, a look sees what it should.
  breaks: ['LB-03', 'RES-04'],
  plant: async ({ cluster, stack }: { cluster: Cluster; stack: Stack }) =>
    looping(
      victim(cluster),
      sh`seen=/run/swarmproof-fault.seen; touch $seen
now=$(${listed(stack)})
echo "$now" | sort -u - $seen > $seen.new; mv $seen.new $seen
grep . $seen | while read -r entry; do echo "$now" | grep -qxF -- "$entry" || ${ipvsadm(stack, sh`-a $entry -m -w 1`)}; done`,
    ),
}

export const balancerLearnsNothing: Fault = {
  name: 'balancer-learns-nothing',
  description: 'The balancer of one node never holds more than two tasks of a service.',
  breaks: ['LB-04'],
  plant: async ({ cluster, stack }: { cluster: Cluster; stack: Stack }) =>
    looping(
      victim(cluster),
      sh`${listed(stack)} | awk '++seen[$2] > 2' | while read -r entry; do ${ipvsadm(stack, sh`-d $entry`)}; done`,
    ),
}
