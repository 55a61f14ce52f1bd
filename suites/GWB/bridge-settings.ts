import type { Problem } from '../../lib/observation/problem.ts'
import { contains } from '../../lib/topology/cidr.ts'
import { gatewayBridgeName } from '../scene/judging/gateway-interface.ts'

/** What docker_gwbridge was made with. */
export interface BridgeWanted {
  readonly subnet: string
  readonly mtuBytes: number
}

/** How docker_gwbridge of a node is. */
export interface BridgeSeen {
  /** By the engine; undefined where it has no such network. */
  readonly stated?: StatedSeen | undefined
  /** By the kernel; undefined where it has no such interface. */
  readonly bridge?: LinkSeen | undefined
  readonly tasks: readonly TaskOnBridge[]
}

interface StatedSeen {
  readonly subnet: string
  readonly mtu?: string | undefined
}

interface LinkSeen {
  readonly address?: string | undefined
  readonly mtuBytes: number
}

/** A task's interface on the bridge; without one only its label. */
export interface TaskOnBridge {
  readonly task: string
  readonly interface?: string | undefined
  readonly address?: string | undefined
  readonly mtuBytes?: number | undefined
}

export function statedProblems(
  node: string,
  stated: StatedSeen | undefined,
  { subnet, mtuBytes }: BridgeWanted,
): Problem[] {
  const states = (subject: string, expected: string | number, observed: string): Problem => ({
    ...{ code: 'engine-states-otherwise', kind: 'seen', node, subject, expected, observed },
  })
  if (stated === undefined) return [states(gatewayBridgeName, subnet, 'no network')]
  return [
    ...(stated.subnet === subnet
      ? []
      : [
          states(`the subnet of ${gatewayBridgeName}`, subnet, stated.subnet === '' ? 'none' : stated.subnet),
        ]),
    ...(Number(stated.mtu) === mtuBytes
      ? []
      : [states(`the MTU of ${gatewayBridgeName}`, mtuBytes, stated.mtu ?? 'none')]),
  ]
}

/** @param used whether a task is on it: without one the kernel's bridge may have any MTU */
export function bridgeProblems(
  node: string,
  bridge: LinkSeen | undefined,
  { subnet, mtuBytes }: BridgeWanted,
  used: boolean,
): Problem[] {
  const where = { node, subject: gatewayBridgeName }
  if (bridge === undefined) return [{ ...where, code: 'interface-missing', kind: 'missed' }]
  return [
    ...outside({ ...where, address: bridge.address }, subnet),
    ...(used && bridge.mtuBytes > mtuBytes ? [otherMtu(where, mtuBytes, bridge.mtuBytes)] : []),
  ]
}

export function taskProblems(
  node: string,
  { task, interface: name, address, mtuBytes: observed }: TaskOnBridge,
  { subnet, mtuBytes }: BridgeWanted,
): Problem[] {
  if (address === undefined || name === undefined || observed === undefined)
    return [{ code: 'gateway-interface-missing', kind: 'missed', node, subject: task }]
  const where = { node, subject: `${name} of ${task}` }
  return [
    ...outside({ ...where, address }, subnet),
    ...(observed === mtuBytes ? [] : [otherMtu(where, mtuBytes, observed)]),
  ]
}

interface Where {
  readonly node: string
  readonly subject: string
}

function outside(
  { address, ...where }: Where & { readonly address?: string | undefined },
  subnet: string,
): Problem[] {
  if (address !== undefined && contains(subnet, address)) return []
  return [
    {
      ...{ ...where, code: 'address-outside-subnet', kind: 'seen', expected: subnet },
      observed: address ?? 'none',
    },
  ]
}

function otherMtu(where: Where, expected: number, observed: number): Problem {
  return { ...where, code: 'interface-mtu-wrong', kind: 'seen', expected, observed }
}
