/**
 * How groups of Ansible inventories are usually called; letter case does not count, and hyphens are underscores.
 *
 * | for | names |
 * |---|---|
 * | managers | `manager(s)`, `master(s)`, `leader(s)`, alone or after `swarm_`, `docker_` or `docker_swarm_` |
 * | workers | `worker(s)`, `agent(s)`, likewise |
 * | hosts of a swarm without a role | `swarm`, `docker_swarm`, `swarm_nodes`, `swarm_hosts`, `swarm_cluster`, and so after `docker_` |
 */
export type GroupKind = 'manager' | 'worker' | 'member'

const prefix = '(?:docker_)?(?:swarm_)?'
const patterns: readonly (readonly [GroupKind, RegExp])[] = [
  ['manager', new RegExp(`^${prefix}(?:manager|master|leader)s?$`)],
  ['worker', new RegExp(`^${prefix}(?:worker|agent)s?$`)],
  ['member', /^(?:docker_)?swarm(?:_(?:node|host|member)s?|_cluster)?$/],
]

export function groupKind(name: string): GroupKind | undefined {
  const plain = name.toLowerCase().replaceAll('-', '_')
  return patterns.find(([, pattern]) => pattern.test(plain))?.[0]
}

export const roleGroupNames =
  'managers, swarm_managers or docker_swarm_manager; workers, swarm_workers or docker_swarm_worker'
