import { type TaskFacts, taskName } from '../../observation/facts.ts'
import type { NamespaceState } from '../../observe/host-state.ts'
import { rulesetOf } from '../../observe/ruleset.ts'
import { namespaceOf } from '../asked-places.ts'
import type { LabView, Reported } from '../lab-view.ts'
import { statesOf } from '../meanwhile.ts'
import type { Draft, Rule } from '../rule.ts'

const setting = 'net.ipv4.ip_default_ttl'

/** A hop is off the TTL of all that one task sends, and no router has had it: the task sends it so. */
export const ttlOfTask: Rule = {
  code: 'ttl-of-task',
  title: 'A task sends its packets with another TTL than others, as though a router stood before it',
  severity: ['cause'],
  meaning:
    'On an overlay nothing takes a hop off the TTL, and what sends it off with another one is the task itself: `net.ipv4.ip_default_ttl` in its namespace (`--sysctl`, an image’s entry point with NET_ADMIN), a rule that sets the TTL there, or the program by IP_TTL. Nothing breaks by one hop less; a low TTL ends at the first router, and whoever looks for routers by the TTL finds one that is not there.',
  proof: [
    'Echoes of one task had left its node with the TTL that was seen, and with the task’s own MAC, which no router keeps',
    'Those of other tasks have the TTL that kernels set out with',
    'The setting in the namespace of the task, or a rule there, where it says the same number',
  ],
  silencedBy: [
    'The node of the task did not record it leaving: then it may have changed later',
    'The MAC is not the task’s own either: that is a router',
    'All tasks that were seen send so',
  ],
  remedy: [
    'Look in the task: `docker exec CONTAINER sysctl net.ipv4.ip_default_ttl`, `nsenter -t PID -n iptables -t mangle -S`',
    'Take the setting out of the service: `docker service update --sysctl-rm net.ipv4.ip_default_ttl SERVICE`, or out of what the image runs',
  ],
  reports: [],
  find(lab) {
    const taken = lab.problems('hop-taken')
    const senders = [...new Set(taken.flatMap(({ ends }) => ends?.from ?? []))]
    return senders.flatMap((sender) => {
      const task = lab.facts?.tasks.find((one) => taskName(one) === sender)
      const own = taken.filter(({ ends }) => ends?.from === sender)
      return task === undefined || senders.length === sendersSeen(lab) ? [] : draftOf(lab, task, own)
    })
  },
  gravity: 187,
}

/** Tasks of the network that was recorded. */
function sendersSeen({ facts }: LabView): number {
  const { name } = facts?.networks.clear ?? {}
  return (
    facts?.tasks.filter(({ endpoints }) => name !== undefined && endpoints[name] !== undefined).length ?? 0
  )
}

function draftOf(lab: LabView, task: TaskFacts, own: readonly Reported[]): Draft[] {
  const sender = taskName(task)
  const leaving = own.find(({ node }) => node === task.node)
  const ttls = [...new Set(own.map(({ observed }) => Number(observed)))]
  const [ttl] = ttls
  const isRouted = lab.everyProblem.some(
    ({ code, ends, subject }) =>
      code === 'inner-mac-differs' && ends?.from === sender && subject === 'source',
  )
  if (leaving === undefined || ttl === undefined || ttls.length > 1 || isRouted) return []
  const [state] = statesOf(lab, task.node)
  const namespaces = namespaceOf(task, lab)
  const insides = namespaces.flatMap((name) => state?.namespaces[name] ?? [])
  const isSet = insides.some(({ settings }) => settings?.[setting] === String(ttl))
  const rule = insides.flatMap((inside) => ttlRule(inside, ttl))[0]
  const why = isSet
    ? `${setting} = ${ttl} in its namespace`
    : rule === undefined
      ? 'it left its node so, with its own MAC'
      : `${rule} in its namespace`
  return [
    {
      title: `${sender} sends with a TTL of ${ttl}: ${why}`,
      cause: `No router has had these packets: they bear the task's own MAC and left ${task.node} with that TTL. ${isSet ? 'The setting is that of its namespace alone.' : rule === undefined ? `Either ${setting} of its namespace says so, or the program sets IP_TTL.` : 'The rule is asked about all that the task sends.'} Overlays lead them all the same, as far as no router behind needs more hops.`,
      remedy: [
        isSet
          ? `On ${task.node}: \`nsenter --net=/run/docker/netns/${namespaces[0] ?? 'NAMESPACE'} sysctl -w ${setting}=64\`; for good \`docker service update --sysctl-rm ${setting} ${task.service}\`, or take it out of what the image runs`
          : rule === undefined
            ? `On ${task.node}: \`nsenter --net=/run/docker/netns/${namespaces[0] ?? 'NAMESPACE'} sysctl ${setting}\`; where it is 64 the program sets it`
            : `On ${task.node}: \`nsenter --net=/run/docker/netns/${namespaces[0] ?? 'NAMESPACE'} iptables -t mangle -S\`, and delete the rule`,
      ],
      nodes: [task.node],
      networks: [...new Set(own.flatMap(({ network }) => network ?? []))],
      proof: [
        `${task.node}: echoes of ${sender} left with TTL ${ttl}, expected ${leaving.expected ?? 64}`,
        ...(isSet ? [`${task.node}, ${namespaces[0] ?? ''}: ${setting} = ${ttl}`] : []),
        ...(rule === undefined ? [] : [`${task.node}, ${namespaces[0] ?? ''}: ${rule}`]),
      ],
      explains: (problem) => own.includes(problem),
    },
  ]
}

/** `iptables -j TTL`. */
function ttlRule(inside: NamespaceState, ttl: number): string[] {
  return rulesetOf(inside)
    .flatMap(({ rules }) => rules)
    .filter(({ text }) => new RegExp(`-j TTL --ttl-(set ${ttl}|dec \\d+)`).test(text))
    .map(({ table, chain, text }) => `iptables -t ${table} -A ${chain} ${text}`)
}
