import { inWords } from '../in-words.ts'
import type { ProblemCode } from '../../observation/codes.ts'
import type { LabView, Reported } from '../lab-view.ts'
import type { Draft, Rule } from '../rule.ts'
import { told } from '../told.ts'

/** What a node lacks for a port, from the first step on. */
const codes: readonly ProblemCode[] = [
  'port-not-translated',
  'ingress-chain-not-reached',
  'port-not-marked',
  'balancer-lacks-service',
]

/** A node lacks the engine's own rules for a published port, while it leads others on. */
export const publishedPortWithoutRule: Rule = {
  code: 'published-port-without-rule',
  title: 'A node has no rule that leads a published port into the mesh',
  severity: ['cause'],
  meaning:
    'Each engine writes the rules of every port that is published in the mesh by itself, when it learns by gossip of the first task behind it, and never looks whether they are still there. One that was lost, by an error, a restart at the wrong moment or a script, stays lost on that node alone: the port is refused or times out there, and whoever balances between nodes sees one request in so many fail. `docker service ls` shows the port.',
  proof: [
    'Managers list the port as published in the mesh and a task behind it as running',
    'On the node no rule of nat that packets from outside meet leads the port to `ingress_sbox`, or the sandbox has no mark or IPVS service for it; looked at again for up to 30 s where the service is not of the run',
    'Other nodes lead the same port on, or this node leads other ports on',
  ],
  silencedBy: [
    'The port is led on at every node',
    'No port is led on at any node: that is no rule that was lost',
    'The service has no running task, for then engines take the rules away themselves',
  ],
  remedy: [
    '`systemctl restart docker` on the node writes the rules of all ports again',
    'Publishing the port again, or the service, does not help: engine 26.1.5 left the rule out again on a lab',
    'Compare two nodes: `iptables -t nat -S | grep 8080`, and `nsenter --net=/run/docker/netns/ingress_sbox iptables -t mangle -S`',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/45171',
      says: 'After a node had lost the swarm and come back, some ports of a service were not in its iptables.',
    },
    {
      url: 'https://github.com/moby/moby/issues/32111',
      says: 'One manager of three did not open a port that the others did.',
    },
    {
      url: 'https://github.com/moby/moby/issues/33671',
      says: 'After a reboot some ports of the swarm did not work and others did.',
    },
  ],
  find(lab) {
    const lacking = lab
      .problems(...codes)
      .filter(({ node, port }) => node !== undefined && port !== undefined)
    const ports = new Map<string, Reported[]>()
    for (const problem of lacking) {
      const key = `${problem.node} ${problem.service ?? ''} ${problem.port}/${problem.protocol}`
      ports.set(key, [...(ports.get(key) ?? []), problem])
    }
    return [...ports.values()].flatMap((problems) => {
      const [first] = problems
      return first === undefined || isEverywhere(lab, first, lacking) ? [] : [draftOf(problems, first, lab)]
    })
  },
  gravity: 146,
}

/** On every node, for every port that is looked at: no single rule was lost. */
function isEverywhere(lab: LabView, { service, port }: Reported, lacking: readonly Reported[]): boolean {
  const nodes = lacking.filter((one) => one.service === service && one.port === port).map(({ node }) => node)
  return lab.nodeNames.every((name) => nodes.includes(name))
}

function draftOf(problems: readonly Reported[], first: Reported, lab: LabView): Draft {
  const { node = '', service = '', port = 0, protocol = 'TCP' } = first
  const name = `${port}/${protocol.toLowerCase()}`
  const where = problems.some(({ code }) => code === 'port-not-translated')
    ? 'has no rule'
    : problems.some(({ code }) => code === 'ingress-chain-not-reached')
      ? 'has a rule that nothing leads to'
      : 'is led to ingress_sbox and no further'
  const others = lab.nodeNames.filter((other) => other !== node)
  return {
    title: `${name} of ${service} ${where} on ${node}: requests to that node's port fail, those to ${inWords(others)} do not`,
    cause: `The engine of ${node} writes the rules of a port once, when it hears of the first task behind it. They are gone there, and it does not look again. Managers list the port as before.`,
    remedy: [
      `On ${node}: \`systemctl restart docker\` writes the rules of all published ports again`,
      `Publishing the port again, or creating ${service} again, is not enough: the engine takes the rule for written`,
      `Compare: \`iptables -t nat -S | grep ${port}\` on ${node} and on ${others[0] ?? 'another node'}`,
    ],
    nodes: [node],
    networks: [...new Set(problems.flatMap(({ network }) => network ?? []))],
    proof: told(problems),
    explains: (problem) =>
      (problems.includes(problem) ||
        (problem.kind === 'missed' && /^(ING|RES|MTU-05)/.test(problem.requirement))) &&
      problem.node === node &&
      problem.port === port &&
      problem.protocol === protocol,
  }
}
