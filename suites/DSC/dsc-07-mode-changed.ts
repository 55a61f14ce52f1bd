import { requirement } from '../../lib/conformance/test.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import { effectiveWithinMs } from '../scene/polling/effects.ts'
import { docs } from '../source.ts'
import { changeMode } from './mode-change.ts'
import { foundProblems, modeProblems } from './mode-problems.ts'

/** Creating the service, its control, the change and the removal have bounds of their own. */
const changeLimitMs = 360_000

export const modeChanged = requirement({
  id: 'DSC-07',
  requirement:
    '`service update --endpoint-mode dnsrr` takes the virtual IP away within a stated bound: the name resolves to the task, and nothing balances to it.',
  source: [docs('Configure service discovery')],
  safety: 'production',
  needs: ['ipvs'],
  timeLimitMs: changeLimitMs,
  method:
    'A service of the tests’ own has a virtual IP, by which a task on one of its networks finds it (control). It is switched to dnsrr. Within 90 s of the update the manager must state that mode and no virtual IP, the name must resolve to exactly the address of the service’s one task, asked for in that task, and the balancer of its node must neither mark packets for the former virtual IP nor list the task; where it chooses at random by rules of nftables, the map that it chooses from must hold neither.',
  usualCauses: [
    'the service publishes ports through ingress, which takes a virtual IP: managers refuse dnsrr then',
    'the update is stuck because the new task cannot be placed or started',
    'gossip (7946) does not reach the node, so it keeps what it knew of the former task',
  ],
  remedy: [
    'docker service inspect --format "{{json .Endpoint}} {{json .UpdateStatus}}" SERVICE',
    'nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -ln on the node named; restart its engine if it keeps the entry',
  ],
  codes: [
    'endpoint-mode-unchanged',
    'virtual-ip-left',
    'virtual-ip-still-marked',
    'balanced-without-virtual-ip',
    'name-lacks-task',
    'name-lists-stranger',
    'name-lists-twice',
    'name-not-answered',
    'name-refused',
  ],
  changes: ['service', 'network'],
  quiet: [],
  ownTasks: 1,
  reads: [],
  probes: () => 6,
  observe: changeMode,
  judge({ service, network, before, vip, after }, facts) {
    const found = foundProblems(before.last)
    const controls = [
      {
        name: 'the service was found by a virtual IP before',
        held: found.length === 0,
        observed: found.map(({ code }) => code).join(', ') || vip,
      },
    ]
    const tables = { 'virtual IP before': vip }
    if (after === undefined) return judgement({ controls, tables, conclusion: '' })
    const bound = effectiveWithinMs / 1000
    const problems = modeProblems(after.last, { service, network, manager: facts.manager })
    const name = `--endpoint-mode dnsrr of ${service} took effect`
    return judgement({
      problems,
      controls,
      measures: problems.length > 0 ? [] : [{ name, value: after.seconds, unit: 's', bound }],
      tables,
      conclusion: `${service} had the virtual IP ${vip}; ${after.seconds} s after --endpoint-mode dnsrr it had none, its name led to its task, and its node’s balancer knew neither`,
    })
  },
})
