import { taskName } from '../observation/facts.ts'
import { nodesOf } from '../observation/problem.ts'
import type { HostState, Link, NamespaceState } from '../observe/host-state.ts'
import { ingressNamespace, isSameNamespace, overlayNamespace } from '../swarm/namespaces.ts'
import type { LabView, Reported } from './lab-view.ts'
import { statesOf } from './meanwhile.ts'
import { isOfMesh, isOfOwnMesh } from './own-mesh.ts'

/**
 * Whether what was missed would have been carried by the part of an overlay’s bridge that a problem of VXL-05 is about: of the
 * bridge all on its node, of the VXLAN device what goes between nodes, of a veth what its task or balancer sends or gets.
 */
export function carriedBy(part: Reported, lab: LabView): (missed: Reported) => boolean {
  const { node = '', network, code, subject = '' } = part
  const isIngress = lab.networkNamed(network)?.ingress === true
  const isOfNetwork = (missed: Reported): boolean =>
    isIngress ? isOfMesh(missed) : missed.network === network && nodesOf(missed).includes(node)
  if (code === 'bridge-missing' || /^br\d/.test(subject)) {
    if (code !== 'endpoint-devices-differ') return isOfNetwork
  } else if (code === 'vxlan-device-missing' || subject.startsWith('vxlan'))
    return (missed) => isOfNetwork(missed) && (isIngress || isBetweenNodes(missed))
  const ends = endpointsOf(part, lab)
  return (missed) =>
    isOfNetwork(missed) &&
    (ends.length === 0 ? isOfNobody(missed) : ends.some((end) => isOf(missed, end, part, lab)))
}

/** Frames of two tasks of one node stay on its bridge. */
const isBetweenNodes = ({ path, ends }: Reported): boolean =>
  path === undefined ? ends === undefined : path.from !== path.to

/** It says of no task that it was missed by it. */
const isOfNobody = ({ ends, subject, service }: Reported): boolean =>
  ends === undefined && subject === undefined && service === undefined

/** File name of a namespace, and what is in it. */
type Endpoint = readonly [string, NamespaceState]

/** Whose veth it is: namespaces that hold the other ends of those that are off the bridge or down. */
function endpointsOf({ node = '', network, code, subject }: Reported, lab: LabView): Endpoint[] {
  const id = lab.networkNamed(network)?.id
  if (id === undefined) return []
  for (const state of statesOf(lab, node)) {
    const found = Object.entries(state.namespaces).find(([name]) =>
      isSameNamespace(name, overlayNamespace(id)),
    )
    const links = found?.[1].links ?? []
    const parts =
      code === 'endpoint-devices-differ'
        ? links.filter(({ kind, master }) => kind === 'veth' && master === undefined)
        : links.filter(({ name }) => name === subject)
    const ends = parts.flatMap((link) => otherEnds(link, state, found?.[0]))
    if (ends.length > 0) return ends
  }
  return []
}

function otherEnds(
  { index, peerIndex }: Link,
  { namespaces }: HostState,
  own: string | undefined,
): Endpoint[] {
  return Object.entries(namespaces).filter(
    ([name, { links }]) =>
      name !== own && links.some((link) => link.index === peerIndex && link.peerIndex === index),
  )
}

function isOf(missed: Reported, [name, { links }]: Endpoint, { node = '' }: Reported, lab: LabView): boolean {
  const addresses = new Set(links.flatMap((link) => link.addresses.map(({ address }) => address)))
  if (name === ingressNamespace) return isOfOwnMesh(missed, node, lab)
  if (name.startsWith('lb_')) return missed.address !== undefined && addresses.has(missed.address)
  const tasks = (lab.facts?.tasks ?? []).filter(
    (task) =>
      task.node === node && Object.values(task.endpoints).some(({ address }) => addresses.has(address)),
  )
  return tasks.some((task) => {
    const label = taskName(task)
    const { ends, subject, service, address } = missed
    if (ends !== undefined) return ends.from === label || ends.to === label
    if (isOfMesh(missed)) return service === task.service
    return subject === label || (address !== undefined && addresses.has(address)) || isOfNobody(missed)
  })
}
