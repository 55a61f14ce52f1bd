import { isIPv4 } from 'node:net'
import { requirement } from '../../lib/conformance/test.ts'
import { type Control, judgement } from '../../lib/observation/judgement.ts'
import { part } from '../../lib/observation/part.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { contains } from '../../lib/topology/cidr.ts'
import { answersTable } from '../scene/judging/name-problems.ts'
import { overlayTutorial } from '../source.ts'
import { type TaskNameAsked, observeNames } from './names-elsewhere.ts'
import { tasksAt } from '../scene/sending/counted.ts'

export const notElsewhere = requirement({
  id: 'DSC-05',
  requirement: 'Names do not resolve from another network, nor on the host.',
  source: [overlayTutorial('Further Remarks')],
  safety: 'production',
  needs: [],
  method:
    'Names of the clear network’s services are asked for by every task that is on other overlays only, and on every node by the host’s own resolver (getent), whose file /etc/hosts is read beside. No answer may hold an address of that network. Controls: a task on the network gets such addresses for every name, the tasks that must not get them resolve their own service at the same time, and the host’s resolver knows localhost.',
  usualCauses: [
    'a service was attached to both networks, so its name is known on both',
    'somebody wrote the name into /etc/hosts or a DNS zone of the host',
    'a container on the host’s network runs a resolver that hands the swarm’s names on',
  ],
  remedy: [
    'docker service inspect --format "{{json .Spec.TaskTemplate.Networks}}" SERVICE',
    'getent ahostsv4 NAME and grep NAME /etc/hosts on the host named',
  ],
  codes: ['name-known-elsewhere', 'name-known-on-host'],
  changes: [],
  quiet: [],
  reads: [],
  probes: (lab) => 3 + 4 * (tasksAt(lab, 'secret').length + tasksAt(lab, 'auto').length),
  observe: observeNames,
  judge({ names, asked, hosts }, facts) {
    const { clear } = facts.networks
    const { got, missing, unseen } = part(hosts, 'the resolver')
    const [members, own, strangers] = (['member', 'own', 'stranger'] as const).map((wanted) =>
      asked.filter(({ kind }) => kind === wanted),
    ) as [TaskNameAsked[], TaskNameAsked[], TaskNameAsked[]]
    const known = (addresses: readonly string[] = []): string[] =>
      addresses.filter((address) => isIPv4(address) && contains(clear.subnet, address))
    const unknown = members.filter(({ probe }) => known(probe.dns?.addresses).length === 0)
    const silent = own.filter(({ probe }) => (probe.dns?.addresses ?? []).length === 0)
    const deaf = [...got].filter(
      ([, looks]) => !looks.some(({ name, addresses }) => name === 'localhost' && addresses.length > 0),
    )
    const askers = new Set(strangers.map(({ probe }) => probe.from)).size
    return judgement({
      problems: [
        ...strangers.flatMap(({ name, probe }) =>
          known(probe.dns?.addresses).map((address): Problem => ({
            ...{ code: 'name-known-elsewhere', kind: 'seen', node: probe.fromNode, network: clear.name },
            ...{ ends: { from: probe.from, to: name }, subject: name, address },
          })),
        ),
        ...[...got].flatMap(([node, looks]) =>
          looks.flatMap(({ name, addresses }) =>
            known(addresses).map((address): Problem => ({
              ...{ code: 'name-known-on-host', kind: 'seen', node, network: clear.name },
              ...{ subject: name, address },
            })),
          ),
        ),
      ],
      controls: [
        controlOf(
          'names resolve on the network itself',
          unknown.map(({ name }) => name),
        ),
        controlOf(
          'tasks of other networks resolve their own service',
          silent.map(({ probe }) => probe.from),
        ),
        controlOf(
          'the resolver of each host knows localhost',
          deaf.map(([node]) => node),
        ),
      ],
      missing,
      unseen: [
        ...unseen,
        ...(members.length === 0 ? [{ what: `names from a task of ${clear.name}`, nodes: [] }] : []),
        ...(strangers.length === 0
          ? [{ what: 'names from a task of another network alone', nodes: [] }]
          : []),
      ],
      tables: {
        'answers on the network itself': answersTable(members),
        'answers on other networks': answersTable(strangers),
        'answers on hosts': [...got].flatMap(([node, looks]) =>
          looks
            .filter(({ name }) => name !== 'localhost')
            .map(({ name, addresses, exitCode }) => ({
              ...{ host: node, name, addresses },
              said: `getent exit ${exitCode ?? 'unknown'}`,
            })),
        ),
      },
      conclusion: `${names.length} names that resolve on ${clear.name} got no address of it from ${askers} tasks of other networks nor from ${got.size} hosts`,
    })
  },
})

/** Holds where there are none; says which there are. */
function controlOf(name: string, exceptions: readonly string[]): Control {
  return exceptions.length === 0
    ? { name, held: true }
    : { name, held: false, observed: `not ${[...new Set(exceptions)].join(', ')}` }
}
