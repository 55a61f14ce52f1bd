import type { Cluster, ClusterNode } from '../swarm/cluster.ts'
import { loadBalancerNamespace, namespacePath } from '../swarm/namespaces.ts'
import type { Stack } from '../swarm/stack.ts'
import type { Fault } from './fault.ts'
import { type Script, sh } from '../script.ts'
import { scriptFile } from '../script-file.ts'
import { scripted, victim } from './scripted.ts'

/** Runs a program on a node, which loops, until the fault is removed. */
function looping(node: ClusterNode, program: Script): ReturnType<Fault['plant']> {
  const pidFile = '/run/swarmproof-fault.pid'
  return scripted(node, {
    plant: sh`printf '%s\n' ${program.text} > /run/swarmproof-fault.sh
setsid sh /run/swarmproof-fault.sh </dev/null >/dev/null 2>&1 &
echo $! > ${pidFile}`,
    remove: sh`kill $(cat ${pidFile}) || true
rm -f ${pidFile} /run/swarmproof-fault.sh /run/swarmproof-fault.seen`,
  })
}

/** Path of the namespace of the clear network's balancer. */
function balancerOf(stack: Stack): string {
  return namespacePath(loadBalancerNamespace(stack.networks.clear.id))
}

export const balancerNeverForgets: Fault = {
  name: 'balancer-never-forgets',
  description: 'The balancer of one node keeps every task it ever knew.',
  // Not LB-04: between the engine's removing an entry and this putting it back, a look sees what it should.
  breaks: ['LB-03', 'RES-04'],
  namedBy: { code: 'ipvs-differs-by-node', at: 'host' },
  plant: async ({ cluster, stack }: { cluster: Cluster; stack: Stack }) =>
    looping(
      victim(cluster),
      scriptFile(import.meta.url, 'balancer-never-forgets.sh', { namespace: balancerOf(stack) }),
    ),
}

export const balancerLearnsNothing: Fault = {
  name: 'balancer-learns-nothing',
  description: 'The balancer of one node never holds more than two tasks of a service.',
  breaks: ['LB-04'],
  namedBy: { code: 'ipvs-differs-by-node', at: 'host' },
  plant: async ({ cluster, stack }: { cluster: Cluster; stack: Stack }) =>
    looping(
      victim(cluster),
      scriptFile(import.meta.url, 'balancer-learns-nothing.sh', { namespace: balancerOf(stack) }),
    ),
}
