import type { Reported } from '../lab-view.ts'
import { placesOfPrograms, tasksMadeAgain } from '../names-of-programs.ts'
import type { Draft, Rule } from '../rule.ts'

/** An option of the host’s resolv.conf that no resolver understands. */
export const malformedResolverOption: Rule = {
  code: 'resolver-option-malformed',
  title: 'The host’s resolv.conf has an option that is malformed',
  severity: ['advice', 'cause'],
  meaning:
    'An option is one word: `ndots:2`, not `ndots: 2`. Engines before 26 gave up on such a file and started no resolver for the task, so that no service was found by name; later ones leave out what they do not understand and pass the rest on.',
  proof: ['A word behind `options` in the host’s file is `ndots` without a number, or a number alone'],
  silencedBy: ['All options are of the form that resolv.conf(5) gives them'],
  remedy: [
    'Write it as one word, or take it out: `options ndots:2`',
    'Make the tasks again: `docker service update --force SERVICE`',
  ],
  reports: [
    {
      url: 'https://github.com/docker/for-linux/issues/444',
      says: 'With `options ndots: 2` on the host the resolver of tasks did not run; without the line it did.',
    },
  ],
  find: (lab) =>
    placesOfPrograms(lab).flatMap(([node, { ofHost, ofTask, task }]): Draft[] => {
      const malformed = ofHost.options.filter((option) => /^ndots(?!:\d+$)|^\d+$/.test(option))
      if (malformed.length === 0) return []
      const explains = (problem: Reported): boolean =>
        problem.node === node && /^DSC-0[1238]$/.test(problem.requirement) && problem.kind === 'missed'
      const missed = lab.problems().some(explains)
      const services = Object.values(lab.facts?.services ?? {}).map(({ name }) => name)
      return [
        {
          title: `${node}'s /etc/resolv.conf has a malformed option: options ${ofHost.options.join(' ')}`,
          severity: missed ? 'cause' : 'advice',
          cause: `An option is one word, such as ndots:2. The engine reads the file for every task it starts: older engines then start no resolver at all, this one gave ${task} the options ${ofTask.options.join(' ') || '(none)'}.`,
          remedy: [
            `On ${node}: write it as one word in \`/etc/resolv.conf\`, or take it out`,
            tasksMadeAgain(services[0]),
          ],
          nodes: [node],
          proof: malformed.map((option) => `${node}: /etc/resolv.conf has the option "${option}"`),
          ...(missed ? { explains } : {}),
        },
      ]
    }),
  gravity: 142,
}
