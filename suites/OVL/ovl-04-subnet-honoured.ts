import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { kernel } from '../scene/judging/kernel-seen.ts'
import { docs } from '../source.ts'
import { heldProblems, lookAt } from './held-addresses.ts'

const roles = ['clear', 'secret'] as const

export const subnetHonoured = requirement({
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
  codes: [
    'subnet-differs',
    'gateway-differs',
    'address-outside-subnet',
    'gateway-address-used',
    'address-missing',
    'address-not-held',
    'prefix-length-differs',
  ],
  changes: [],
  quiet: [],
  reads: [kernel],
  observe: async (lab) => ({ kernel: await lab.scene(kernel) }),
  judge({ kernel: states }, facts) {
    const looks = roles.map((role) => lookAt(role, states, facts))
    const known = looks.filter(({ asked }) => asked !== undefined)
    const addresses = known.reduce((sum, { held }) => sum + held.length, 0)
    return judgement({
      problems: known.flatMap(heldProblems),
      missing: looks.flatMap(({ missing }) => missing),
      unseen: [
        ...looks.flatMap(({ unseen }) => unseen),
        ...looks
          .filter(({ asked }) => asked === undefined)
          .map(({ network }) => ({ what: `the subnet and gateway asked for of ${network.name}`, nodes: [] })),
      ],
      tables: Object.fromEntries(
        looks.map(({ network: { name, subnet, gateway }, asked, held }) => [
          `${name}: asked for, assigned, held`,
          { askedFor: asked ?? 'not known', assigned: { subnet, gateway }, held },
        ]),
      ),
      conclusion:
        addresses === 0
          ? ''
          : `subnet and gateway of ${known.map(({ network }) => network.name).join(' and ')} are as asked for; ${addresses} addresses of tasks and services lie inside and none is the gateway`,
    })
  },
})
