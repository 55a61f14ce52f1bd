import { type ApplicationPlace, type ResolverFile, triedNames } from '../../observation/application-names.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { namesOfPrograms, placesOfPrograms, tasksMadeAgain } from '../names-of-programs.ts'
import type { Draft, Rule } from '../rule.ts'

/** What programs find otherwise than the resolver says, or late, or not at all. */
const ofPrograms = ['application-finds-another', 'application-waits-for-name', 'application-does-not-find']

/** Tasks are given the search list and `ndots` of their host, so that another name is asked before that of a service. */
export const searchListFirst: Rule = {
  code: 'search-list-asked-first',
  title:
    'Programs in tasks ask for another name before that of a service: `ndots` and the search list of the host',
  severity: ['cause', 'advice'],
  meaning:
    'The engine gives tasks `ndots:0`, so that a service’s name is asked as it is, unless the host’s resolv.conf (or a DNS option of the engine or the service) has `ndots` itself. Then a program asks `web.example.com` before `web`: it finds whatever that is, or waits until the nameserver outside has said no. Questions sent to 127.0.0.11 by hand are answered rightly all the while.',
  proof: [
    'The resolv.conf of a task has a search list and an `ndots` greater than the dots of a service’s name',
    'A cause where a program found other addresses than the task’s resolver gives, or waited; advice where it found the service in time',
  ],
  silencedBy: ['The task’s file has `ndots:0` or no search list', 'It was not read'],
  remedy: [
    'Take `ndots` out of the host’s `/etc/resolv.conf` and of what writes it',
    'Or give the engine `"dns-opts": ["ndots:0"]` in `/etc/docker/daemon.json`, a service `--dns-option-add ndots:0`',
    'Make the tasks again: `docker service update --force SERVICE`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/41819',
      says: 'With `search` and `ndots:1` on the host a container’s name led to the machine of that name in the domain.',
    },
    {
      url: 'https://github.com/moby/moby/issues/32093',
      says: 'Why tasks are given `ndots:0`: names of services are to be asked first.',
    },
  ],
  find: (lab) => placesOfPrograms(lab).flatMap(([node, place]) => searchDraft(lab, node, place)),
  gravity: 144,
}

function searchDraft(lab: LabView, node: string, place: ApplicationPlace): Draft[] {
  const { ofTask, found } = place
  const services = Object.values(lab.facts?.services ?? {}).map(({ name }) => name)
  const name = services.find((service) => triedNames(service, ofTask)[0] !== service)
  if (name === undefined) return []
  const explains = (problem: Reported): boolean =>
    problem.node === node && ofPrograms.includes(problem.code) && problem.subject !== undefined
  const missed = lab.problems().filter(explains)
  const [first = ''] = triedNames(name, ofTask)
  const ndots = ofTask.options.filter((option) => option.startsWith('ndots')).join(' ')
  const written = `options ${ndots} and search ${ofTask.search.join(' ')}`
  const from = sourceOf(place, ndots)
  return [
    {
      title: `Programs in tasks on ${node} ask for ${first} before ${name}: ${from.where} has ${written}`,
      severity: missed.length > 0 ? 'cause' : 'advice',
      cause: `A program reads the resolv.conf of its task, which got ndots and the search list of ${from.whose}. Where something answers for ${first} it finds that instead of the service, and where nothing does it waits for the nameservers outside first. The resolver of the task, asked for ${name} itself, answers rightly.`,
      remedy: [
        from.remedy,
        'Or for all tasks of an engine: `"dns-opts": ["ndots:0"]` in `/etc/docker/daemon.json`',
        tasksMadeAgain(services[0]),
      ],
      nodes: [node],
      proof: [
        `${place.task}: ${written}`,
        ...found
          .filter((one) => services.some((service) => one.name.endsWith(service)))
          .map(
            (one) =>
              `${place.task}: ${one.name} is ${one.addresses.join(', ') || 'not found'} after ${one.seconds} s; ${rawAnswer(lab, node, one.name)}`,
          ),
      ],
      ...(missed.length > 0 ? { explains } : {}),
    },
  ]
}

/** Who has the option, by what was read. */
function sourceOf({ ofHost, ofResolved }: ApplicationPlace, ndots: string) {
  const has = ({ options }: ResolverFile): boolean => options.some((option) => ndots.includes(option))
  const file = has(ofHost) ? '/etc/resolv.conf' : '/run/systemd/resolve/resolv.conf'
  return has(ofHost) || has(ofResolved)
    ? {
        where: `the host's ${file}`,
        whose: 'its host',
        remedy: `Take \`${ndots}\` out of \`${file}\` and of what writes it (cloud-init, NetworkManager, systemd-resolved)`,
      }
    : {
        where: "the tasks' own resolv.conf",
        whose: 'a DNS option of the engine or the service',
        remedy:
          'See who sets it: `dns-opts` in `/etc/docker/daemon.json`, `docker service inspect SERVICE --format "{{json .Spec.TaskTemplate.ContainerSpec.DNSConfig}}"`',
      }
}

function rawAnswer(lab: LabView, node: string, name: string): string {
  const own = (namesOfPrograms(lab)?.asked ?? []).filter(
    (one) => one.node === node && one.name === name && one.by === 'task',
  )
  const told = own.map(
    ({ type, probe }) =>
      `${type} ${probe.dns === undefined ? probe.outcome : probe.dns.addresses.join(', ') || probe.dns.rcode} in ${Math.round(probe.elapsedMs)} ms`,
  )
  return `127.0.0.11 says ${told.join(', ') || 'nothing'}`
}
