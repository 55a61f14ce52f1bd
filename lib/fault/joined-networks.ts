import { tasksOn } from '../swarm/stack.ts'
import type { Fault } from './fault.ts'
import { scriptLines, sh } from '../script.ts'
import { shell } from '../change/shell.ts'
import { requireForFault } from './scripted.ts'

/** The names of the two ends; fifteen characters are what the kernel allows. */
const [islandEnd, otherEnd] = ['swpfault0', 'swpfault1']

export const joinedNetworks: Fault = {
  name: 'joined-networks',
  description: 'A link on one host joins a task to one of a network it is not on',
  breaks: ['OVL-07', 'OVL-09'],
  namedBy: { code: 'tasks-joined', at: 'host' },
  async plant({ stack }) {
    const [island] = tasksOn(stack, 'auto')
    const other = tasksOn(stack, 'clear').find((task) => task.node === island?.node)
    if (island === undefined || other === undefined) throw new Error('no host runs tasks of both networks')
    const [islandAddress, otherAddress] = [
      requireForFault(island.endpoints[stack.networks.auto.name], 'an endpoint').address,
      requireForFault(other.endpoints[stack.networks.clear.name], 'an endpoint').address,
    ]
    const end = (pid: number, link: string, peer: string) => {
      const inside = sh`ip link set ${link} up; ip route add ${peer}/32 dev ${link}`
      return sh`nsenter -t ${pid} -n sh -c ${inside.text}`
    }
    await shell(
      island.node.host,
      scriptLines([
        sh`ip link add ${islandEnd} netns ${island.pid} type veth peer name ${otherEnd} netns ${other.pid}`,
        end(island.pid, islandEnd, otherAddress),
        end(other.pid, otherEnd, islandAddress),
      ]),
    )
    return {
      host: island.node.host.name,
      async remove() {
        await shell(island.node.host, sh`nsenter -t ${island.pid} -n ip link del ${islandEnd}`)
      },
    }
  },
}
