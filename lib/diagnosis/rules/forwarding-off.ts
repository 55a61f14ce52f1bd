import { nodesOf } from '../../observation/problem.ts'
import type { Rule } from '../rule.ts'

/** `net.ipv4.ip_forward` is 0 in a node's own namespace: nothing from outside reaches containers, nor do they get out. */
export const forwardingOff: Rule = {
  code: 'forwarding-off',
  find(lab) {
    // An engine that starts again meanwhile switches it on: off at either time is off for what was missed.
    const [before, after] = [lab.kernelBefore ?? {}, lab.kernelAfter ?? {}]
    const off = Object.entries({ ...before, ...after }).filter(([node]) =>
      [before[node], after[node]].some((state) => state?.root.forwards === false),
    )
    return off.flatMap(([node, { forwardingFiles = [] }]) => {
      const set = forwardingFiles.filter(({ value }) => value === '0').at(-1)
      const where =
        set === undefined ? 'no file of sysctl sets it, so somebody typed it' : `set in ${set.file}`
      return [
        {
          title: `${node} forwards nothing: net.ipv4.ip_forward is 0, ${where}`,
          cause: `Packets between the underlay and containers are forwarded by ${node}. The engine switches forwarding on when it starts; a later \`sysctl --system\` or a hardening script switched it off again. Published ports do not answer there and its tasks do not get out, while overlays between tasks go on working.`,
          remedy: [
            `On ${node}: \`sysctl -w net.ipv4.ip_forward=1\``,
            set === undefined
              ? 'Keep it: a line `net.ipv4.ip_forward = 1` in `/etc/sysctl.d/99-swarm.conf`'
              : `Change the line in \`${set.file}\` to \`net.ipv4.ip_forward = 1\``,
          ],
          nodes: [node],
          proof: [
            `${node}: net.ipv4.ip_forward = 0`,
            ...forwardingFiles.map(({ file, value }) => `${node}: ${file} sets it to ${value}`),
          ],
          knownIssues: ['moby/moby#47966'],
          explains: (problem) =>
            problem.kind === 'missed' &&
            /^(ING|GWB|MTU-05|LB|DSC|RES)/.test(problem.requirement) &&
            (nodesOf(problem).length === 0 || nodesOf(problem).includes(node)),
        },
      ]
    })
  },
  gravity: 60,
}
