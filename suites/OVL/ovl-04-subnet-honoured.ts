import { requireNone } from '../../lib/conformance/require-none.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { taskLabel } from '../scene/pair.ts'
import { taskNamespace } from '../scene/task-namespace.ts'
import { docs } from '../source.ts'
import { contains, prefixLengthOf } from '../../lib/topology/cidr.ts'

const roles = ['clear', 'secret'] as const

export const subnetHonoured = conformanceTest({
  id: 'OVL-04',
  requirement:
    '`--subnet` and `--gateway` are honoured; task IPs lie inside the subnet and none equals the gateway.',
  source: [docs('Configure the subnet and gateway')],
  safety: 'production',
  needs: [],
  method:
    'Subnet and gateway as the swarm assigned them are compared with what was asked for when the networks were created. The address of every task, as the engine tells it and as its network namespace holds it, and every service’s virtual IP must lie inside and differ from the gateway.',
  usualCauses: [
    'the network existed already with another subnet when the stack was deployed',
    'somebody changed addresses inside a task’s namespace',
  ],
  remedy: [
    'docker network inspect NETWORK --format "{{json .IPAM.Config}}"',
    'remove the network and create it again with --subnet and --gateway',
  ],
  async run(context) {
    const { built, stack, evidence } = context
    const states = await context.state()
    const problems: string[] = []
    let judgedAddresses = 0
    for (const role of roles) {
      const network = stack.networks[role]
      const { name, subnet, gateway } = network
      const wanted = built.requested[role]
      if (wanted?.subnet === undefined || wanted.gateway === undefined) {
        throw new Error(`it is not known with which subnet and gateway ${name} was asked for`)
      }
      if (subnet !== wanted.subnet) problems.push(`${name} has subnet ${subnet}, asked for ${wanted.subnet}`)
      if (gateway !== wanted.gateway) {
        problems.push(`${name} has gateway ${gateway}, asked for ${wanted.gateway}`)
      }
      const held = tasksOn(stack, role).flatMap((task) => {
        const endpoint = task.endpoints[name]
        const kernel = taskNamespace(task, states)
          ?.links.filter(({ mac }) => mac === endpoint?.mac)
          .flatMap(({ addresses }) => addresses.filter(({ family }) => family === 'inet'))
        return [{ label: taskLabel(task), engine: endpoint?.address ?? '', kernel }]
      })
      evidence.observe(`${name}: asked for, assigned, held by tasks`, {
        askedFor: wanted,
        assigned: { subnet, gateway },
        tasks: held.map(({ label, engine, kernel }) => ({
          task: label,
          engine,
          kernel: kernel?.map(({ address, prefixLength }) => `${address}/${prefixLength}`),
        })),
      })
      const vips = Object.values(stack.services).flatMap((service) => {
        const address = service.vips[network.id]
        return address === undefined ? [] : [{ who: `virtual IP of ${service.name}`, address }]
      })
      const addresses = [
        ...held.map(({ label, engine }) => ({ who: label, address: engine })),
        ...held.flatMap(({ label, kernel }) =>
          (kernel ?? []).map(({ address }) => ({ who: `${label}, in its namespace`, address })),
        ),
        ...vips,
      ]
      judgedAddresses += addresses.length
      problems.push(
        ...addresses
          .filter(({ address }) => !contains(wanted.subnet ?? '', address))
          .map(({ who, address }) => `${who}: ${address} is outside ${wanted.subnet}`),
        ...addresses
          .filter(({ address }) => address === wanted.gateway)
          .map(({ who, address }) => `${who}: ${address} is the gateway of ${name}`),
        ...held
          .filter(({ engine, kernel }) => !kernel?.some(({ address }) => address === engine))
          .map(({ label, engine }) => `${label}: its namespace does not hold ${engine} on ${name}`),
        ...held.flatMap(({ label, kernel }) =>
          (kernel ?? [])
            .filter(({ prefixLength }) => prefixLength !== prefixLengthOf(wanted.subnet ?? ''))
            .map(({ address, prefixLength }) => `${label}: ${address} has prefix length ${prefixLength}`),
        ),
      )
    }
    requireNone('networks and tasks have the addresses that were asked for', problems)
    evidence.conclude(
      `subnet and gateway of ${roles.map((role) => stack.networks[role].name).join(' and ')} are as asked for; ${judgedAddresses} addresses of tasks and services lie inside and none is the gateway`,
    )
  },
})
