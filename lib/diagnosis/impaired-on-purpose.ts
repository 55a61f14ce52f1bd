import type { NodeFacts } from '../observation/facts.ts'
import { impairedAttachments } from '../topology/impaired-attachments.ts'
import { describeImpairment } from '../topology/impairment.ts'
import type { Topology } from '../topology/topology.ts'

/** What the lab's file has a node do to what it sends by this interface, in words; undefined where it asks for nothing. */
export function impairedOnPurpose(
  topology: Pick<Topology, 'nodes' | 'underlays'>,
  facts: Pick<NodeFacts, 'name' | 'dataPath' | 'advertise'> | undefined,
  device: string,
): string | undefined {
  const spec = topology.nodes.find(({ name }) => name === facts?.name)
  if (spec === undefined || facts === undefined) return undefined
  const here = [facts.dataPath, facts.advertise].find((attachment) => attachment.interface === device)
  const found = impairedAttachments(spec, topology).find(({ address }) => address === here?.address)
  return found === undefined ? undefined : describeImpairment(found.impairment)
}
