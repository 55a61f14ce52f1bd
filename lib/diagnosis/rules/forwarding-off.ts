import type { HostState } from '../../observe/host-state.ts'
import { typedSetting } from '../../observe/settings.ts'
import { gatewayBridgeName } from '../../topology/swarm-defaults.ts'
import type { LabView } from '../lab-view.ts'
import { nodesRead, statesOf } from '../meanwhile.ts'
import { missesPackets } from '../missed-packets.ts'
import { isOfOwnMesh } from '../own-mesh.ts'
import type { Draft, Rule } from '../rule.ts'

/** `net.ipv4.ip_forward` is 0 in a node's own namespace: nothing from outside reaches containers, nor do they get out. */
export const forwardingOff: Rule = {
  code: 'forwarding-off',
  title: 'A node forwards nothing: net.ipv4.ip_forward is 0',
  severity: ['cause'],
  meaning:
    'The engine switches IPv4 forwarding on when it starts; `sysctl --system` or a hardening script switched it off again. Published ports of this node stop answering and its tasks no longer get out, while overlays between tasks go on working.',
  proof: [
    '`net.ipv4.ip_forward` reads 0 in the node’s own namespace, before or after the traffic; or `net.ipv4.conf.INTERFACE.forwarding` does, of the interface that the node advertises or of docker_gwbridge',
    'The files of sysctl that set it, and to what: by this name, as `net.ipv4.conf.all.forwarding`, which is the same, or for all interfaces; the line that is applied last counts',
  ],
  silencedBy: [
    'It reads 1 at both times',
    'Nothing was missed at published ports of this node, nor of what its containers send out; virtual IPs are balanced in namespaces that have a setting of their own',
    'Only the node itself was not answered: what it sends is not forwarded',
  ],
  remedy: [
    '`sysctl -w net.ipv4.ip_forward=1` on the node',
    'Find who sets 0: `grep -rsE "ip_forward|forwarding" /etc/sysctl.conf /etc/sysctl.d /run/sysctl.d /usr/lib/sysctl.d`, and change that line; of single interfaces systemd-networkd is another that does, by `IPv4Forwarding=` or `IPForward=` in its `.network` file',
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
    return nodesRead(lab).flatMap((node) => {
      const off = offOn(lab, node)
      return off === undefined ? [] : [draftOf(node, off, lab)]
    })
  },
  gravity: 60,
}

interface SetIn {
  readonly file: string
  readonly setting: string
  readonly value: string
}

interface Off {
  /** `net.ipv4.ip_forward`, or that of one interface. */
  readonly setting: string
  readonly files: readonly SetIn[]
}

/** An engine that starts again meanwhile switches it on: off at either time is off for what was missed. */
function offOn(lab: LabView, node: string): Off | undefined {
  const states = statesOf(lab, node)
  const [state] = states
  if (state === undefined) return undefined
  if (states.some(({ root }) => root.forwards === false))
    return { setting: ofHost, files: filesOf(state, ofHost) }
  const facts = lab.facts?.nodes.find(({ name }) => name === node)
  const interfaces = [facts?.advertise.interface, gatewayBridgeName]
  const setting = [...new Set(interfaces.filter((name) => name !== undefined))]
    .map((name) => `net.ipv4.conf.${name}.forwarding`)
    .find((name) => states.some(({ root }) => root.settings?.[name] === '0'))
  return setting === undefined ? undefined : { setting, files: filesOf(state, setting) }
}

const ofHost = 'net.ipv4.ip_forward'

function draftOf(node: string, { setting, files }: Off, lab: LabView): Draft {
  const last = files.at(-1)
  const set = last?.value === '0' ? last : undefined
  const name = typedSetting(setting)
  const what = setting === ofHost ? 'forwards nothing' : 'does not forward what comes in by one interface'
  return {
    title: `${node} ${what}: ${setting} is 0, ${whereSet(setting, last)}`,
    cause: `Packets between the underlay and containers are forwarded by ${node}. The engine switches forwarding on when it starts; ${set === undefined ? 'a command, a script or another program' : 'a later `sysctl --system` or a hardening script'} switched it off again. Published ports do not answer there and its tasks do not get out, while overlays between tasks go on working.`,
    remedy: [
      `On ${node}: \`sysctl -w ${name}=1\``,
      ...(set === undefined
        ? [
            ...(last === undefined
              ? [`Keep it: a line \`${name} = 1\` in \`/etc/sysctl.d/99-swarm.conf\``]
              : []),
            `Find what switches it off, or it comes back: scripts of VPNs and of hardening, ${setting === ofHost ? 'tuned, cloud-init' : '`IPv4Forwarding=` in the `.network` file of systemd-networkd'}`,
          ]
        : [`Change the line in \`${set.file}\` to \`${typedSetting(set.setting)} = 1\``]),
    ],
    nodes: [node],
    proof: [
      `${node}: ${setting} = 0`,
      ...files.map(
        (one) => `${node}: ${one.file} sets ${one.setting === setting ? 'it' : one.setting} to ${one.value}`,
      ),
    ],
    // What the node sends itself is not forwarded.
    explains: (problem) =>
      missesPackets(problem) && problem.code !== 'own-port-not-answered' && isOfOwnMesh(problem, node, lab),
  }
}

function whereSet(setting: string, last: SetIn | undefined): string {
  if (last === undefined) return 'and no file of sysctl sets it'
  if (last.value !== '0')
    return `although ${last.file} sets ${last.value}: something switched it off afterwards`
  return `set in ${last.file}${last.setting === setting ? '' : ` by ${last.setting}`}`
}

/** In the order they are applied. */
function filesOf({ settingFiles, forwardingFiles = [] }: HostState, wanted: string): readonly SetIn[] {
  const same = namesOf(wanted)
  return (
    settingFiles?.filter(({ setting }) => same.includes(setting)) ??
    (wanted === ofHost ? forwardingFiles.map((one) => ({ ...one, setting: ofHost })) : [])
  )
}

/**
 * Under which names files set it. `ip_forward` is that of all interfaces; `*` is understood by `sysctl`; and an interface
 * that is made later, as the engine’s bridge is, begins with the value of `default`.
 */
function namesOf(wanted: string): readonly string[] {
  const all = ['net.ipv4.conf.all.forwarding', 'net.ipv4.conf.*.forwarding']
  if (wanted === ofHost) return [ofHost, ...all]
  return wanted.includes(`.${gatewayBridgeName}.`)
    ? [wanted, 'net.ipv4.conf.*.forwarding', 'net.ipv4.conf.default.forwarding']
    : [wanted, 'net.ipv4.conf.*.forwarding']
}
