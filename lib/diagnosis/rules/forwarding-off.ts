import { nodesOf } from '../../observation/problem.ts'
import type { HostState } from '../../observe/host-state.ts'
import type { Rule } from '../rule.ts'

/** `net.ipv4.ip_forward` is 0 in a node's own namespace: nothing from outside reaches containers, nor do they get out. */
export const forwardingOff: Rule = {
  code: 'forwarding-off',
  title: 'A node forwards nothing: net.ipv4.ip_forward is 0',
  severity: ['cause'],
  meaning:
    'The engine switches IPv4 forwarding on when it starts; `sysctl --system` or a hardening script switched it off again. Published ports of this node stop answering and its tasks no longer get out, while overlays between tasks go on working.',
  proof: [
    '`net.ipv4.ip_forward` reads 0 in the node’s own namespace, before or after the traffic',
    'The files of sysctl that set it, and to what',
  ],
  silencedBy: [
    'It reads 1 at both times',
    'Nothing was missed at this node on ingress, gateways or balancers',
  ],
  remedy: [
    '`sysctl -w net.ipv4.ip_forward=1` on the node',
    'Find who sets 0: `grep -rs ip_forward /etc/sysctl.conf /etc/sysctl.d /run/sysctl.d /usr/lib/sysctl.d`, and change that line',
    'Exempt the nodes from the hardening rule, or its next run brings it back',
  ],
  reports: [
    {
      url: 'https://github.com/moby/moby/issues/47966',
      says: 'A file in /etc/sysctl.d that followed a CIS benchmark set 0 and raced with the engine at boot.',
    },
    {
      url: 'https://github.com/dev-sec/ansible-collection-hardening/issues/213',
      says: 'A hardening role’s defaults stopped Docker’s networking; one of those it hit runs Swarm.',
    },
    {
      url: 'https://github.com/captainzero93/security_harden_linux/issues/10',
      says: 'After a hardening script had set 0, no site behind a published Traefik could be reached.',
    },
  ],
  find(lab) {
    // An engine that starts again meanwhile switches it on: off at either time is off for what was missed.
    const [before, after] = [lab.kernelBefore ?? {}, lab.kernelAfter ?? {}]
    const off = Object.entries({ ...before, ...after }).filter(([node]) =>
      [before[node], after[node]].some((state) => state?.root.forwards === false),
    )
    return off.flatMap(([node, state]) => {
      const files = filesOf(state)
      const set = files.filter(({ value }) => value === '0').at(-1)
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
            ...files.map(({ file, value }) => `${node}: ${file} sets it to ${value}`),
          ],
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

function filesOf({
  settingFiles,
  forwardingFiles = [],
}: HostState): readonly { readonly file: string; readonly value: string }[] {
  return settingFiles?.filter(({ setting }) => setting === 'net.ipv4.ip_forward') ?? forwardingFiles
}
