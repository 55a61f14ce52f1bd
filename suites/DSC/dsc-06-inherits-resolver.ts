import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { gather, part } from '../../lib/observation/part.ts'
import { kernel } from '../scene/judging/kernel-seen.ts'
import { unseenFromTasks } from '../scene/judging/unseen-from.ts'
import { networkViewsSeen } from '../scene/recordings/views.ts'
import { overlayTutorial } from '../source.ts'
import { compareNames, inheritanceProblems } from './compared-names.ts'
import { judgeForwarded } from './forwarded-problem.ts'
import { type HostsFileName, observeInherited } from './inherited-resolver.ts'

export const inheritsResolver = requirement({
  id: 'DSC-06',
  requirement:
    'A task inherits the daemon’s DNS: a name that the host’s resolver knows resolves in the task.',
  source: [overlayTutorial('Further Remarks')],
  safety: 'production',
  needs: [],
  method:
    'On every node a task asks its resolver for a name with a nonce, which no service has, while the interface is recorded by which the task leaves its host, and that by which the host reaches its nameservers, for engines from 28 on ask them from the host’s own namespace: the question must be seen on its way to one of the nameservers of that host (daemon.json, else resolv.conf). Questions of nobody else are recorded. Then the host and the task ask for the host’s search domains and one public name; every name the host’s nameservers give an address for must have one in the task, too. Last, the names that only the host’s /etc/hosts knows are looked for in the file of that name in the task, and the task’s resolver is asked for them: engines write a container’s file themselves, so what is found is reported, not judged. Nothing is changed anywhere.',
  usualCauses: [
    'the task’s traffic does not leave the host: masquerading or forwarding for docker_gwbridge is gone (GWB-02)',
    'the host’s nameserver changed after the task was started: a running task keeps the old one',
    'the nameserver listens on the host’s loopback only, or refuses queries from other addresses',
  ],
  remedy: [
    'nsenter -t PID -n nslookup NAME 127.0.0.11 on the host named, beside nslookup NAME on the host itself',
    'docker service update --force SERVICE after the host’s resolv.conf has changed, or set "dns" in /etc/docker/daemon.json',
  ],
  codes: ['question-not-forwarded', 'question-forwarded-elsewhere', 'name-not-inherited'],
  changes: [],
  quiet: ['changes'],
  reads: [kernel, networkViewsSeen],
  probes: ({ facts }) => 5 * facts.nodes.length,
  observe: observeInherited,
  judge(seen, facts) {
    const { got: places, missing, unseen } = part(seen.places, 'the nameservers')
    const asked = [...places].filter(([, { resolver }]) => resolver.nameservers.length > 0)
    const forwarded = asked.map(([node, place]) => judgeForwarded(node, place, seen.forwarded))
    const compared = compareNames(seen.names)
    const known = compared.filter(({ onHost }) => onHost.length > 0)
    const servers = new Set(forwarded.flatMap((one) => one.servers))
    return judgement({
      problems: [...forwarded.flatMap(({ problem }) => problem ?? []), ...inheritanceProblems(compared)],
      missing: gather([...missing, ...forwarded.flatMap((one) => one.missing)]),
      unseen: [
        ...unseen,
        ...forwarded.flatMap((one) => one.unseen),
        ...unseenFromTasks(facts, facts.tasks, 'the stack'),
        ...(asked.length === 0
          ? [{ what: 'a nameserver with an IPv4 address', nodes: [...places.keys()] }]
          : []),
      ],
      tables: {
        'not judged: names of the host’s /etc/hosts in the task': seen.hostsFile.map(
          ({ name, inFileOfTask, probe }) => ({
            ...{ task: probe.from, name, inFileOfTask, resolver: probe.dns?.addresses ?? [] },
          }),
        ),
        'nameservers of each host and where the task’s question went': [...places].map(
          ([node, { task, resolver }]) => ({
            ...{ node, task, nameservers: resolver.nameservers, from: resolver.from },
            questionSeenTo: forwarded.find((one) => one.node === node)?.servers ?? [],
          }),
        ),
        'names asked on the host and in the task': compared,
      },
      packets: { 'questions on their way': forwarded.flatMap(({ packets }) => packets) },
      conclusion:
        asked.length === 0
          ? ''
          : `tasks on ${asked.length} nodes put their question to the nameserver of their host (${[...servers].join(', ')}); ${
              known.length === 0
                ? 'no name was known to the hosts themselves, so no answer could be compared'
                : `${known.length} names their hosts know resolve in them`
            }; ${describeHostsFile(seen.hostsFile)}`,
    })
  },
})

function describeHostsFile(names: readonly HostsFileName[]): string {
  if (names.length === 0) return 'no host’s /etc/hosts names anything but itself'
  const inherited = names.filter(({ inFileOfTask }) => inFileOfTask).length
  return `of ${names.length} names of the hosts’ /etc/hosts ${inherited === 0 ? 'none is' : `${inherited} are`} in that file of the tasks`
}
