import { type TaskFacts, taskName } from '../../lib/observation/facts.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { type Asked, nameProblems, virtualIpProblems } from '../scene/judging/name-problems.ts'

/** What the manager, the resolver of the service's one task and the balancer of its node say. */
export interface ModeLook {
  readonly endpointMode: 'vip' | 'dnsrr'
  /** Stated by the manager, on any network. */
  readonly vips: readonly string[]
  readonly task: TaskFacts
  /** On the service's network. */
  readonly address: string
  readonly asked: Asked
  /** Null where the node has no namespace to balance in. */
  readonly balancer: { readonly marked: readonly string[]; readonly listed: boolean } | null
}

export interface ModeOf {
  readonly service: string
  readonly network: string
  /** Name of the manager that was asked. */
  readonly manager: string
}

/** What is missing before the change: a virtual IP, a name that leads to it, and a balancer that knows both. */
export function foundProblems({ vips, asked, balancer, task }: ModeLook): Problem[] {
  const [vip] = vips
  if (vip === undefined) return [{ code: 'virtual-ip-missing', kind: 'missed' }]
  return [
    ...virtualIpProblems(asked, vip),
    ...(balancer?.marked.includes(vip)
      ? []
      : [{ code: 'balancer-not-set-up', kind: 'missed', node: task.node, address: vip } as const]),
    ...(balancer?.listed
      ? []
      : [{ code: 'balancer-lacks-task', kind: 'missed', node: task.node, subject: taskName(task) } as const]),
  ]
}

/** What is left of the virtual IP after the change, and how the name differs from the one task. */
export function modeProblems(
  { endpointMode, vips, task, address, asked, balancer }: ModeLook,
  { service, network, manager }: ModeOf,
): Problem[] {
  const place = { network, service }
  const home = { ...place, node: task.node }
  return [
    ...(endpointMode === 'dnsrr' ? [] : [unchanged(endpointMode, { ...place, node: manager })]),
    ...vips.map((vip): Problem => {
      return { ...place, code: 'virtual-ip-left', kind: 'seen', node: manager, address: vip }
    }),
    ...(balancer?.marked ?? []).map((vip): Problem => {
      return { ...home, code: 'virtual-ip-still-marked', kind: 'seen', address: vip }
    }),
    ...(balancer?.listed ? [stillListed(task, { ...home, address })] : []),
    ...nameProblems(asked, new Map([[address, taskName(task)]]), place),
  ]
}

function unchanged(observed: string, where: Omit<Problem, 'code' | 'kind'>): Problem {
  return { ...where, code: 'endpoint-mode-unchanged', kind: 'missed', expected: 'dnsrr', observed }
}

function stillListed(task: TaskFacts, where: Omit<Problem, 'code' | 'kind'>): Problem {
  return { ...where, code: 'balanced-without-virtual-ip', kind: 'seen', subject: taskName(task) }
}
