import type { Emulator } from '../../setup/emulator.ts'
import type { GuestImage } from '../../setup/guest-image.ts'

export type Accelerator = 'kvm' | 'tcg'

/** What a snapshot depends on: a machine resumes only on the same shape. */
export interface MachineShape {
  readonly accelerator: Accelerator
  readonly memoryMib: number
  readonly cpus: number
  /** Network cards beside the management one. */
  readonly underlayCards: number
}

/** One QEMU machine. Paths are absolute. */
export interface MachineSpec {
  readonly name: string
  readonly shape: MachineShape
  readonly disk: string
  readonly diskFormat: 'qcow2'
  readonly serialLog: string
  readonly qmpSocket: string
  readonly agentSocket: string
  /** Port of 127.0.0.1 that leads to the guest's sshd; none for a machine nobody logs in to. */
  readonly managementPort?: number
  readonly managementMac: string
  /** One per underlay card, in order; without a switch the card hangs in the air. */
  readonly underlays: readonly { readonly mac: string; readonly switchDirectory?: string }[]
  /** Waits for `migrate-incoming` instead of booting. */
  readonly incoming: boolean
  /** Added to the kernel's command line. */
  readonly kernelParameters?: string
}

/** Not 10.0.2.0/24, QEMU's default: a swarm takes that very net from its own default pool. */
export const managementNet = '172.31.250.0/24'
export const managementAddress = '172.31.250.15'
export const managementGateway = '172.31.250.2'

export function machineArguments(
  spec: MachineSpec,
  emulator: Pick<Emulator, 'arguments'>,
  image: Pick<GuestImage, 'kernel' | 'initrd'>,
): readonly string[] {
  const { shape } = spec
  return [
    ...emulator.arguments,
    ...['-name', spec.name, '-no-user-config', '-nodefaults', '-display', 'none'],
    ...['-machine', 'q35', ...accelerator(shape.accelerator)],
    ...['-m', String(shape.memoryMib), '-smp', String(shape.cpus)],
    ...['-kernel', image.kernel, '-initrd', image.initrd, '-append', kernelCommandLine(spec)],
    ...['-drive', `file=${comma(spec.disk)},format=${spec.diskFormat},if=none,id=disk,cache=unsafe`],
    ...['-device', 'virtio-blk-pci,drive=disk'],
    ...['-netdev', management(spec.managementPort), '-device', card('management', spec.managementMac)],
    ...spec.underlays.flatMap((underlay, index) => [
      '-netdev',
      underlay.switchDirectory === undefined
        ? `hubport,id=underlay${index},hubid=${index + 1}`
        : `vde,id=underlay${index},sock=${comma(underlay.switchDirectory)}`,
      '-device',
      card(`underlay${index}`, underlay.mac),
    ]),
    ...['-device', 'virtio-rng-pci'],
    ...['-chardev', `file,id=console,path=${comma(spec.serialLog)},append=on`, '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=agent,path=${comma(spec.agentSocket)},server=on,wait=off`],
    ...['-serial', 'chardev:agent'],
    ...['-chardev', `socket,id=control,path=${comma(spec.qmpSocket)},server=on,wait=off`],
    ...['-mon', 'chardev=control,mode=control'],
    ...(spec.incoming ? ['-S', '-incoming', 'defer'] : []),
  ]
}

/**
 * The processor a machine sees, and what its kernel is told of it. What protects processors from what runs on them costs an
 * emulated one a seventh of its time, and there is nothing in a lab to protect; see docs/decisions/0026. What begins with
 * `swarmproof.` is for init: the engine sleeps up to so many nanoseconds longer, and starts containers by a sealed runc;
 * see docs/decisions/0035. Part of the key of what was saved with it.
 */
export function processorOf(kind: Accelerator): { readonly cpu: string; readonly kernelParameters: string } {
  return kind === 'kvm'
    ? { cpu: 'host', kernelParameters: '' }
    : {
        cpu: 'max,-smap,-smep,-pku,-umip,-la57',
        kernelParameters:
          'mitigations=off init_on_alloc=0 transparent_hugepage=never swarmproof.sealed swarmproof.slack=10000000',
      }
}

function accelerator(kind: Accelerator): string[] {
  return ['-accel', kind === 'kvm' ? 'kvm' : 'tcg,thread=multi', '-cpu', processorOf(kind).cpu]
}

function kernelCommandLine({ shape, kernelParameters = '' }: MachineSpec): string {
  const base = 'root=/dev/vda rw init=/usr/sbin/swarmproof-init console=ttyS0 quiet net.ifnames=0 panic=-1'
  const words = [base, processorOf(shape.accelerator).kernelParameters, kernelParameters]
  return words.filter((word) => word !== '').join(' ')
}

function management(port: number | undefined): string {
  const forward = port === undefined ? '' : `,hostfwd=tcp:127.0.0.1:${port}-${managementAddress}:22`
  return `user,id=management,net=${managementNet}${forward}`
}

/** Without a boot ROM: it costs time and memory, and nothing boots from the network. */
function card(netdev: string, mac: string): string {
  return `virtio-net-pci,netdev=${netdev},mac=${mac},romfile=`
}

/** QEMU splits option strings at commas; a doubled one is a comma in a value. */
function comma(path: string): string {
  return path.replaceAll(',', ',,')
}

/** Locally administered, and the same for the same place in a topology: a saved lab comes back with its addresses. */
export function guestMacAddress(nodeIndex: number, cardIndex: number): string {
  const part = (value: number): string => value.toString(16).padStart(2, '0')
  return `52:54:00:${part(cardIndex)}:${part(nodeIndex >> 8)}:${part(nodeIndex & 0xff)}`
}
