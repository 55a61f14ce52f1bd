import { expect } from 'chai'
import { guestMacAddress, machineArguments } from './machine-arguments.ts'
import type { MachineSpec } from './machine-arguments.ts'
import { readUri, writeUri } from './machine.ts'

const spec: MachineSpec = {
  name: 'worker1',
  shape: { accelerator: 'tcg', memoryMib: 1024, cpus: 2, underlayCards: 2 },
  disk: '/lab/a,b/disk.qcow2',
  diskFormat: 'qcow2',
  serialLog: '/lab/console.log',
  qmpSocket: '/lab/qmp',
  agentSocket: '/lab/agent',
  managementPort: 22222,
  managementMac: guestMacAddress(1, 0),
  underlays: [{ mac: guestMacAddress(1, 1), switchDirectory: '/lab/u0' }, { mac: guestMacAddress(1, 2) }],
  incoming: false,
}
const emulator = { arguments: ['-L', '/firmware'] }
const image = { kernel: '/i/vmlinuz', initrd: '/i/initrd' }
const args = (changes: Partial<MachineSpec> = {}): string =>
  machineArguments({ ...spec, ...changes }, emulator, image).join(' ')

describe('machine arguments', () => {
  it('describe memory, processors, disk and kernel', () => {
    expect(args()).to.include('-L /firmware').and.include('-m 1024 -smp 2').and.include('-kernel /i/vmlinuz')
    expect(args()).to.include('-accel tcg,thread=multi -cpu max')
    expect(args({ shape: { ...spec.shape, accelerator: 'kvm' } })).to.include('-accel kvm -cpu host')
  })

  it('spare emulated machines alone what protects a processor, and let a node have parameters of its own', () => {
    const parameters = (accelerator: 'kvm' | 'tcg'): string =>
      / -append (.*?) -drive /.exec(
        args({ shape: { ...spec.shape, accelerator }, kernelParameters: 'mitigations=auto' }),
      )?.[1] ?? ''
    expect(args()).to.match(/ -cpu max,\S*-smap/)
    expect(parameters('tcg')).to.match(
      / mitigations=off .* swarmproof\.sealed swarmproof\.slack=[0-9]+ mitigations=auto$/,
    )
    expect(parameters('kvm')).to.match(/ panic=-1 mitigations=auto$/)
  })

  it('double commas in paths, which QEMU would split at', () => {
    expect(args()).to.include('file=/lab/a,,b/disk.qcow2,format=qcow2')
  })

  it('forward a local port to sshd, on a net no swarm takes from its default pool', () => {
    expect(args()).to.include(
      'user,id=management,net=172.31.250.0/24,hostfwd=tcp:127.0.0.1:22222-172.31.250.15:22',
    )
    expect(args()).not.to.include('10.0.2')
  })

  it('have one card per underlay in order, on its switch or in the air', () => {
    expect(args()).to.match(/vde,id=underlay0,sock=\/lab\/u0 .*hubport,id=underlay1,hubid=2/)
    expect(
      machineArguments(spec, emulator, image).filter((word) => word.startsWith('virtio-net')),
    ).to.have.lengthOf(3)
  })

  it('wait for a snapshot only if told to', () => {
    expect(args()).not.to.include('-incoming')
    expect(args({ incoming: true })).to.match(/-S -incoming defer$/)
  })

  it('give every place in a lab a unicast, locally administered address of its own', () => {
    const all = [0, 1, 255, 256].flatMap((node) => [0, 1, 2].map((card) => guestMacAddress(node, card)))
    expect(new Set(all)).to.have.lengthOf(all.length)
    for (const mac of all) expect(Number.parseInt(mac.slice(0, 2), 16) & 3).to.equal(2)
  })

  it('name snapshots so that old and new QEMU read them', () => {
    expect(readUri('/s/memory', '10.0.2')).to.equal('file:/s/memory')
    expect(writeUri("/s/it's", '6.2.0')).to.equal(String.raw`exec:cat > '/s/it'\''s'`)
  })
})
