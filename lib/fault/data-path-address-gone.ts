import { sh } from '../script.ts'
import type { Fault } from './fault.ts'
import { requireForFault, scripted, victim } from './scripted.ts'
import { shell } from '../change/shell.ts'

export const dataPathAddressGone: Fault = {
  name: 'data-path-address-gone',
  description: 'The address of a node’s data path is no longer on its interface.',
  breaks: ['CTL-09'],
  namedBy: { code: 'data-path-address-gone', at: 'host' },
  async plant({ cluster }) {
    const node = victim(cluster)
    const { address, interface: device } = node.dataPath
    const listed = await shell(node.host, sh`ip -o -4 addr show dev ${device}`)
    const prefixLength = new RegExp(`${address.replaceAll('.', '[.]')}/([0-9]+)`).exec(listed)?.[1]
    const of = sh`${address}/${Number(requireForFault(prefixLength, 'the address'))} dev ${device}`
    return scripted(node, { plant: sh`ip addr del ${of}`, remove: sh`ip addr add ${of}` })
  },
}
