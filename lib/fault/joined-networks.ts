import { tasksOn } from '../swarm/stack.ts'
import type { Fault } from './fault.ts'
import { shell } from '../host/shell.ts'

/** The names of the two ends; fifteen characters are what the kernel allows. */
const [islandEnd, otherEnd] = ['swpfault0', 'swpfault1']

export const joinedNetworks: Fault = {
  name: 'joined-networks',
  description: 'A link on one host joins a task to one of a network it is not on',
  breaks: ['OVL-07', 'OVL-09'],
  async plant({ stack }) {
    const [island] = tasksOn(stack, 'auto')
    const other = tasksOn(stack, 'clear').find((task) => task.node === island?.node)
    if (island === undefined || other === undefined) throw new Error('no host runs tasks of both networks')
    const [islandAddress, otherAddress] = [
      island.endpoints[stack.networks.auto.name]?.address,
      other.endpoints[stack.networks.clear.name]?.address,
    ]
    const end = (pid: number, link: string, peer: string | undefined) =>
      `nsenter -t ${pid} -n sh -c 'ip link set ${link} up; ip route add ${peer}/32 dev ${link}'`
    await shell(
      island.node.host,
      [
        `ip link add ${islandEnd} netns ${island.pid} type veth peer name ${otherEnd} netns ${other.pid}`,
        end(island.pid, islandEnd, otherAddress),
        end(other.pid, otherEnd, islandAddress),
      ].join('\n'),
    )
    return {
      host: island.node.host.name,
      async remove() {
        await shell(island.node.host, `nsenter -t ${island.pid} -n ip link del ${islandEnd}`)
      },
    }
  },
}
