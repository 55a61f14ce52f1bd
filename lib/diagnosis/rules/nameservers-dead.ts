import { namesOfPrograms, tasksMadeAgain } from '../names-of-programs.ts'
import type { Draft, Rule } from '../rule.ts'

/** Nameservers that answer nothing: names of outside are not found, and every look-up of one waits. */
export const nameserversDead: Rule = {
  code: 'nameservers-dead',
  title: 'No nameserver of a node answers',
  severity: ['cause'],
  meaning:
    'The engine’s resolver passes on what no service is called to the nameservers of the host. Where none answers, each such question takes four seconds and more: programs that ask for a name with a suffix first, or for names outside, seem to hang, while services are found at once by their bare names.',
  proof: [
    'A question of the node’s own, from its own namespace, to each of the nameservers that its resolv.conf names got no answer of any kind',
  ],
  silencedBy: ['One of them answered, were it only a refusal'],
  remedy: [
    '`dig @NAMESERVER example.com` on the node, and the same on another',
    'Name one that answers in `/etc/resolv.conf`, or `"dns": ["ADDRESS"]` in `/etc/docker/daemon.json`, and make the tasks again',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/31960',
      says: 'Names of outside took ten seconds in containers.',
    },
  ],
  find(lab) {
    const silent = lab.problems('nameservers-silent')
    const asked = (namesOfPrograms(lab)?.asked ?? []).filter(({ by }) => by === 'host')
    return silent.flatMap(({ node, address = '' }): Draft[] => {
      if (node === undefined) return []
      const servers = address.split(', ')
      const answering = asked.filter(({ probe }) => probe.dns !== undefined)
      const elsewhere = answering.filter(({ probe }) => servers.includes(probe.to))
      const heard = [...new Set(elsewhere.map((one) => one.node))]
      const other = answering.find(({ probe }) => !probe.to.startsWith('127.'))?.probe.to
      return [
        {
          title: `No nameserver of ${node} answers it: ${address}${heard.length === 0 ? '' : `, which ${servers.length === 1 ? 'answers' : 'answer'} ${heard.join(' and ')}`}`,
          cause: `What is no service's name is passed on to the nameservers of ${node}, and none answers: names outside are not found, and each question for one takes four seconds and more. ${heard.length === 0 ? 'The nameserver is down, or is another than it should be.' : 'It lives, so what is between it and this node drops the questions or the answers.'}`,
          remedy: [
            heard.length > 0
              ? `On ${node}: \`dig @${servers[0] ?? ''} example.com\`, and see what drops UDP 53 between: \`iptables -nvL OUTPUT\`, \`ip route get ${servers[0] ?? ''}\``
              : `On ${node}: name one that answers in \`/etc/resolv.conf\`${other === undefined ? '' : `, such as ${other}, which answers other nodes`}`,
            'Or for all tasks of an engine: `"dns": ["ADDRESS"]` in `/etc/docker/daemon.json`',
            tasksMadeAgain(),
          ],
          nodes: [node],
          proof: asked
            .filter((one) => one.node === node)
            .map(
              ({ probe }) =>
                `${node}: ${probe.to} was asked for 1 name: ${probe.outcome} after ${Math.round(probe.elapsedMs)} ms`,
            ),
          explains: (problem) =>
            problem.node === node &&
            (problem.code === 'nameservers-silent' || problem.code === 'name-not-inherited'),
        },
      ]
    })
  },
  gravity: 141,
}
