import { scriptLines } from '../script.ts'
import { perlFile, scriptFile } from '../script-file.ts'
import type { EnginePackage } from './engine-package.ts'
import { packProbeImage, probeImageFile } from './probe-image-archive.ts'

/** Kernel modules that engine, networks and verdicts take; loaded at boot, so that no requirement waits for one. */
export const guestModules = [
  'virtio_net',
  'overlay',
  'bridge',
  'br_netfilter',
  'veth',
  'vxlan',
  'ip_vs',
  'ip_vs_rr',
  'esp4',
  'xfrm_user',
  'af_packet',
  'sch_netem',
  'nf_conntrack_netlink',
  'nft_compat',
  'xt_bpf',
  'xt_u32',
  'xt_mark',
  'xt_policy',
  'xt_ipvs',
  'xt_nat',
  'xt_addrtype',
  'xt_conntrack',
  'xt_MASQUERADE',
  'xt_REDIRECT',
  'xt_tcpudp',
  'tcp_diag',
  'udp_diag',
]

/** Answers commands on the second serial line until the line ends; see `guestInit`. */
export const agentFunction = scriptFile(import.meta.url, 'guest-agent.sh')

/**
 * What runs in a guest as process 1.
 *
 * A guest starts with no identity: no host name, key or address. It waits on its second serial line for commands
 * (one line each: a reply token, a blank, a shell script in base64) and answers each with token, exit code and
 * base64 of the output. That channel works before there is a network, and a machine resumed from a snapshot gets its
 * own name, keys, addresses and clock through it. A reboot finds the identity on the disk.
 */
export const guestInit = scriptLines([
  agentFunction,
  scriptFile(import.meta.url, 'guest-init.sh', { modules: guestModules.join(' ') }),
]).text

/** Keeps a sealed copy of a program in memory; see `guest-init.sh`. */
export const sealProgram = perlFile(import.meta.url, 'seal-program.pl')

/** sshd of a guest: keys only, no look-ups, and room for the many sessions one run opens. PAM makes login sessions. */
export function guestSshdConfig(hasSourcePenalties: boolean, pam: 'yes' | 'no' = 'no'): string {
  return [
    'HostKey /etc/ssh/ssh_host_ed25519_key',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    `UsePAM ${pam}`,
    'UseDNS no',
    'MaxSessions 64',
    'MaxStartups 100',
    // Post-quantum exchanges cost an emulated processor most of a second per connection.
    'KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org',
    ...(hasSourcePenalties ? ['PerSourcePenalties no'] : []),
    'Subsystem sftp internal-sftp',
    '',
  ].join('\n')
}

/**
 * Busybox as an image: the whole of what probe services are made of. `$1` is the root of the guest. The same busybox
 * gives the same image, by the same id on every host.
 */
export const probeImageScript = scriptLines([
  scriptFile(import.meta.url, 'probe-image-tree.sh', { file: probeImageFile }),
  packProbeImage([
    ...['--format', 'ustar', '--sort', 'name', '--mtime', '@0'],
    ...['--numeric-owner', '--owner', '0', '--group', '0'],
  ]),
]).text

/** Installs an engine that is given as files to a guest's root, which is `$1`. */
export function installEngineScript(kind: EnginePackage['kind']): string {
  return scriptFile(import.meta.url, 'install-engine.sh', { kind }).text
}

/** Last touches to a guest's root, which is `$1`; the files to put there lie beside this script. */
export const guestFinishScript = scriptFile(import.meta.url, 'guest-finish.sh').text

/** Last touches to the root of a container host, which is `$1`. */
export const containerFinishScript = scriptFile(import.meta.url, 'container-finish.sh').text
