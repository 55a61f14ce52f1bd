import type { HostProvider, Lab } from '../host/host.ts'
import type { BuildObservations } from './context.ts'

/**
 * A provider that gives out a lab which already runs with its stack on it, as often as asked. Disposing what it
 * gives leaves the lab as it is: its owner ends it.
 */
export function attachedLab(lab: Lab, built: BuildObservations): HostProvider {
  const borrowed: Lab = {
    id: lab.id,
    topology: lab.topology,
    hosts: lab.hosts,
    startedFrom: lab.startedFrom,
    facts: lab.facts,
    standing: { savedAt: lab.standing?.savedAt ?? built.builtAt, notes: built },
    saveStanding: async () => undefined,
    dropStanding: async () => undefined,
    keep: async () => undefined,
    sshArguments: (host) => lab.sshArguments(host),
    [Symbol.asyncDispose]: async () => undefined,
  }
  return {
    kind: 'vm',
    start: async () => borrowed,
    list: async () => [],
    attach: async () => borrowed,
    remove: async () => undefined,
  }
}
