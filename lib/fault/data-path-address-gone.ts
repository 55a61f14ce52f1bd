import { type Script, scriptLines, sh } from '../script.ts'
import type { Fault } from './fault.ts'
import { requireForFault, scripted, victim } from './scripted.ts'
import { shell } from '../change/shell.ts'

export const dataPathAddressRemoved: Fault = {
  name: 'data-path-address-gone',
  description: 'The address of a node’s data path is no longer on its interface.',
  breaks: ['CTL-09'],
  namedBy: { code: 'data-path-address-gone', at: 'host' },
  async plant({ cluster }) {
    const node = victim(cluster)
    const { address, interface: device } = node.dataPath
    // Where there is only one, the node would be lost to the swarm and its tasks with it.
    requireForFault(address === node.advertise.address ? undefined : address, 'a data path of its own')
    const listed = await shell(node.host, sh`ip -o -4 addr show dev ${device}`)
    const line = new RegExp(` inet ${address.replaceAll('.', '[.]')}/([0-9]+)(?: brd ([0-9.]+))?`)
    const [, prefixLength, broadcast] = requireForFault(line.exec(listed) ?? undefined, 'the address')
    const of = sh`${address}/${Number(prefixLength)}`
    const brd = broadcast === undefined ? sh`` : sh` brd ${broadcast}`
    const routes = await routesThrough(device, (script) => shell(node.host, script))
    return scripted(node, {
      plant: sh`ip addr del ${of} dev ${device}`,
      remove: scriptLines([
        sh`ip addr add ${of}${brd} dev ${device}`,
        ...routes.map((route) => sh`ip route replace ${route} dev ${device}`),
      ]),
    })
  },
}

/** Those that the kernel does not make by itself: they go with the last address. Without a gateway first, which lead to it. */
async function routesThrough(device: string, run: (script: Script) => Promise<string>): Promise<string[][]> {
  const routes = (await run(sh`ip -4 route show dev ${device}`))
    .split('\n')
    .map((line) => line.split(/\s+/).filter((word) => word !== '' && word !== 'linkdown'))
    .filter((words) => words.length > 0 && !words.join(' ').includes('proto kernel'))
  return [
    ...routes.filter((words) => !words.includes('via')),
    ...routes.filter((words) => words.includes('via')),
  ]
}
