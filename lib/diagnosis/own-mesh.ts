import type { LabView, Reported } from './lab-view.ts'

/** Of requirements verified again it is told what they are about. */
const aboutOf = ({ via, requirement }: Reported): string => via ?? requirement

/** Whether it is about published ports that are asked at a node from outside of tasks. */
export function isOfMesh(problem: Reported): boolean {
  return aboutOf(problem).startsWith('ING-') && !problem.code.endsWith('-answering-task')
}

/**
 * Whether a problem is about what the node itself does between its containers and what is outside: published ports that
 * are asked at it, and what its containers send out by its gateway. Requests through other nodes reach tasks of this one
 * by the overlay and pass neither.
 */
export function isOfOwnMesh(problem: Reported, node: string, lab: LabView): boolean {
  const { network, port, path } = problem
  const id = aboutOf(problem)
  const isOverlay = lab.networkNamed(network)?.ingress === false
  if (/^ING-/.test(id) || (id.startsWith('RES-') && port !== undefined))
    return !isOverlay && (problem.node ?? path?.to) === node
  return /^(GWB-|MTU-05)/.test(id) && (problem.node ?? path?.from) === node
}
