import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import { docs, moby } from '../source.ts'
import { exhausted, exhaustedNeighbours, exhaustingTasks } from './exhausted-subnet.ts'
import { exhaustionProblems, exhaustionReason, silentTasks } from './exhaustion.ts'

export const exhaustedSubnet = requirement({
  id: 'ADR-04',
  requirement: 'An exhausted subnet leaves tasks pending with a clear reason, and running tasks untouched.',
  source: [
    docs('Overlay network size limitations'),
    moby('issues 37338 and 43052; swarmkit, manager/allocator'),
  ],
  safety: 'production',
  needs: [],
  method:
    'On a network of its own, a /29, a service runs one task; then it is given more tasks than the subnet has addresses, all on one node. Those without an address must wait, not fail; the task’s own status or the manager’s engine log must say that addresses are missing; no address may be given twice; and the first task must be the same as before and answer, as all that run must.',
  usualCauses: [
    'every node that runs a task of the network takes an address of it for its load balancer, and every service one for its VIP: a /24 lasts for fewer tasks than it seems',
    'addresses of removed tasks are not given back: restart the engine of the leading manager',
  ],
  remedy: [
    'docker network inspect --verbose NETWORK counts what is taken',
    'create the network with a larger --subnet, or spread services over several networks',
    'use --endpoint-mode dnsrr: such a service takes no address for a VIP',
  ],
  codes: [
    'more-tasks-than-addresses',
    'address-given-twice',
    'task-does-not-wait',
    'shortage-unexplained',
    'running-task-lost',
    'not-delivered',
    'answered-by-another',
  ],
  changes: ['network', 'service'],
  quiet: [],
  ownTasks: exhaustingTasks,
  reads: [],
  probes: () => exhaustedNeighbours,
  observe: exhausted,
  judge(seen, { manager }) {
    const { subnet, wanted, settled, first, running, log } = seen
    const states = settled.last.states
    const surplus = states.filter(({ state }) => state !== 'running')
    const { got, missing, unseen } = part(log, "the engine's log")
    const told = { ...seen, states, log: [...got.values()].flat() }
    const reason = exhaustionReason(told)
    const logsRead = missing.length === 0 && unseen.length === 0
    return judgement({
      problems: [
        ...exhaustionProblems(told, manager, logsRead),
        ...(running.some(({ task, pid }) => task.id === first.task.id && pid === first.pid)
          ? []
          : [
              {
                ...{ code: 'running-task-lost' as const, kind: 'seen' as const, node: first.task.node },
                ...{ service: first.task.service, subject: first.task.id },
              },
            ]),
        ...silentTasks(seen),
      ],
      // Where the log of an engine was not read, it matters only if nothing else gives a reason.
      missing: reason === undefined ? missing : [],
      unseen: [
        ...(reason === undefined ? unseen : []),
        ...(surplus.length === 0 ? [{ what: `an exhausted ${subnet}`, nodes: [manager] }] : []),
      ],
      tables: {
        [`tasks on ${subnet}, ${wanted} wanted`]: states,
        'why the others wait': reason ?? 'nothing says',
      },
      conclusion: `${running.length} of ${wanted} tasks have an address in ${subnet}, run and answer, the first one still the same; ${surplus.length} wait, and ${reason?.where === 'task' ? 'their status' : 'the manager’s engine log, not their status,'} says: ${reason?.words ?? ''}`,
    })
  },
})
