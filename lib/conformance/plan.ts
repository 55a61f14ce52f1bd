import type { Topology } from '../topology/topology.ts'
import type { Suite } from './suite.ts'
import type { ConformanceTest } from './test.ts'
import { unmetNeeds } from './topology-features.ts'

/** A lab of a run and what is verified on it, in order. */
export interface PlannedLab {
  /** Unique in the run. */
  readonly name: string
  readonly topology: Topology
  readonly suites: readonly Suite[]
}

export interface PlanChoice {
  /** Topologies that were asked for by name; none means that each test finds its own. */
  readonly named: readonly Topology[]
  /** Those that come with swarmproof, in order. */
  readonly shipped: readonly Topology[]
}

/** The lab everything is verified on that needs no other. */
export const usualTopology = 'three-node'

/**
 * Which test is verified on which lab: one lab a topology, in order.
 *
 * Without named topologies a test goes to the usual one if that has what it needs, else to the first shipped one that
 * has; where none has it goes to the usual one, to be skipped there by the name of what is missing. With named ones
 * every test is verified on each; one whose needs a topology does not meet is left out there if another meets them,
 * and skipped by name otherwise. Tests that may break the lab come last.
 */
export function planLabs(selected: readonly Suite[], choice: PlanChoice): PlannedLab[] {
  const { named } = choice
  const candidates = named.length > 0 ? named : usualFirst(choice.shipped)
  const meets = (topology: Topology, test: ConformanceTest): boolean =>
    unmetNeeds(test, topology).length === 0
  const belongs = (topology: Topology, test: ConformanceTest): boolean => {
    const able = candidates.filter((candidate) => meets(candidate, test))
    if (named.length > 0) return able.length === 0 || able.includes(topology)
    return topology === (able[0] ?? candidates[0])
  }
  return candidates
    .map((topology) => ({
      name: topology.name,
      topology,
      suites: disruptiveLast(only(selected, (test) => belongs(topology, test))),
    }))
    .filter(({ suites }) => suites.length > 0)
}

/** The tests of a plan that pass, suites and labs without any left out. */
export function only(suites: readonly Suite[], wanted: (test: ConformanceTest) => boolean): Suite[] {
  return suites
    .map((suite) => ({ ...suite, tests: suite.tests.filter(wanted) }))
    .filter((suite) => suite.tests.length > 0)
}

/** Each suite first with what is safe, then, behind all of those, with what is not. */
export function disruptiveLast(suites: readonly Suite[]): Suite[] {
  return [
    ...only(suites, (test) => test.safety === 'production'),
    ...only(suites, (test) => test.safety === 'lab'),
  ]
}

function usualFirst(topologies: readonly Topology[]): Topology[] {
  const isUsual = (topology: Topology): boolean => topology.name === usualTopology
  return [...topologies.filter(isUsual), ...topologies.filter((topology) => !isUsual(topology))]
}
