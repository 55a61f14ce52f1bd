import { requirement } from '../../lib/conformance/test.ts'
import { triedNames } from '../../lib/observation/application-names.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { gather, part } from '../../lib/observation/part.ts'
import { unseenFrom } from '../scene/judging/unseen-from.ts'
import { applicationNames } from '../scene/recordings/application-names.ts'
import { docs, moby } from '../source.ts'
import {
  applicationProblems,
  foundAnything,
  slowestSeconds,
  upstreamProblems,
} from './application-problems.ts'

export const asApplications = requirement({
  id: 'DSC-08',
  requirement:
    'A program in a task finds services by name as the engine’s resolver answers, whatever resolv.conf its host has, within a stated bound.',
  source: [docs('Configure service discovery'), moby('issue 41819')],
  safety: 'production',
  advisory: true,
  needs: [],
  method:
    'On every node the C library looks services up as a program in a task would (getaddrinfo, with the search list and options of the task’s own resolv.conf), in the task’s network namespace, and the task’s resolver (127.0.0.11) is asked the same names as A and AAAA. Where the resolver gives a service addresses, a program must find those and no others, within 3 s; where one waits, it looks once more, and that counts. A name of outside is asked the same way; it has to be found where the resolver knows it, and one nameserver of the host at least has to answer, whatever it says. Nothing is changed on hosts: the file lies over the host’s in a mount namespace of the question’s own.',
  usualCauses: [
    'the host’s resolv.conf has `ndots` and a search list, which tasks are given: another name is asked first, and something outside knows it',
    'the same, and the nameserver that is asked for it does not answer: every look-up waits',
    'an option of the host’s resolv.conf is malformed',
    'all nameservers of the host are dead or do not answer this host',
  ],
  remedy: [
    'cat /etc/resolv.conf on the host and /proc/PID/root/etc/resolv.conf of a task beside each other',
    'take `ndots` out of the host’s resolv.conf, or "dns-opts": ["ndots:0"] in /etc/docker/daemon.json, and make the tasks again: docker service update --force SERVICE',
  ],
  codes: [
    'application-does-not-find',
    'application-finds-another',
    'application-waits-for-name',
    'name-not-answered',
    'nameservers-silent',
  ],
  changes: [],
  // It has 3 s for an answer.
  quiet: ['traffic'],
  reads: [applicationNames],
  observe: async (lab) => ({ names: await lab.scene(applicationNames) }),
  judge({ names }, facts) {
    const { got, missing, unseen } = part(names.places, 'names as programs find them')
    const services = new Set(
      [facts.services.web, facts.services.rr].flatMap(({ name }) => [name, `tasks.${name}`]),
    )
    const found = [...got.values()].flatMap((place) => place.found)
    const blind = [...got].filter(([, place]) => !foundAnything(place)).map(([node]) => node)
    const own = found.filter(({ name, exitCode }) => services.has(name) && exitCode === 0)
    return judgement({
      problems: [
        ...[...got].flatMap(([node, place]) => applicationProblems(node, place, names.asked, services)),
        ...upstreamProblems(names.asked),
      ],
      missing: gather(missing),
      unseen: [
        ...unseen,
        ...(blind.length === 0 ? [] : [{ what: 'any name, as programs find them,', nodes: blind }]),
        ...unseenFrom(facts, 'clear'),
      ],
      measures: [{ name: 'slowest look-up of a service', value: slowestSeconds(own), unit: 's', bound: 3 }],
      tables: {
        'names as programs find them': [...got].flatMap(([node, { task, ofTask, found: list }]) =>
          list.map(({ name, exitCode, addresses, seconds }) => ({
            ...{ node, task, name, tried: triedNames(name, ofTask), exitCode, addresses, seconds },
          })),
        ),
        'as resolvers answer': names.asked.map(({ node, name, type, by, probe }) => ({
          ...{ node, by, name, type, to: probe.to, outcome: probe.outcome, elapsedMs: probe.elapsedMs },
          ...(probe.dns === undefined ? {} : { rcode: probe.dns.rcode, addresses: probe.dns.addresses }),
        })),
        'resolv.conf': [...got].flatMap(([node, { ofTask, ofHost }]) => [
          { node, of: 'host', ...ofHost },
          { node, of: 'task', ...ofTask },
        ]),
      },
      conclusion:
        own.length === 0
          ? ''
          : `programs on ${got.size} nodes found services as their resolver answers, in ${slowestSeconds(own)} s at most`,
    })
  },
})
