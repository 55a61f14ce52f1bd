import { observePart } from '../../lib/conformance/missing.ts'
import { requirement } from '../../lib/conformance/test.ts'
import type { Host } from '../../lib/host/host.ts'
import { reboot } from '../../lib/change/reboot.ts'
import { judgement } from '../../lib/observation/judgement.ts'
import type { Part } from '../../lib/observation/part.ts'
import type { Polled } from '../../lib/observation/polled.ts'
import type { Problem } from '../../lib/observation/problem.ts'
import { poll } from '../../lib/poll.ts'
import { sh } from '../../lib/script.ts'
import { engineLogLines } from '../../lib/swarm/engine-log.ts'
import { restartEngine } from '../../lib/swarm/restart-engine.ts'
import { chain } from '../ING/ing-05-chain.ts'
import { moby } from '../source.ts'
import { backWithinMs } from './bounds.ts'
import { disturbedNode } from './disturbed-node.ts'
import { everythingEncryptedAgain } from './everything-again.ts'
import { type Again, observeAgain } from './observe-again.ts'
import { judgeAgain } from './judge-again.ts'
import { probesOf } from '../../lib/conformance/sending.ts'

/** A host that boots: firmware, kernel, until it can be asked. */
const bootWithinMs = 120_000
/** Its services. No document limits it, nor does the engine's unit (TimeoutStartSec=0); emulated hosts took 55 to 90 s. */
const engineWithinMs = 150_000

const wanted = [...everythingEncryptedAgain, chain]

export const restart = requirement({
  id: 'RES-03',
  requirement: 'Engine restart and host reboot: ingress rules, overlays and encryption come back.',
  source: [moby('daemon start: libnetwork restores networks, swarmkit agent starts its tasks again')],
  safety: 'lab',
  restartsHosts: true,
  timeLimitMs: bootWithinMs + engineWithinMs + 2 * backWithinMs + 120_000,
  needs: ['two-nodes', 'ipvs', 'encrypted-overlay'],
  method:
    'The engine of one node is ended and started again, and within the bound nodes, gossip, security associations, forwarding, balancing, discovery, full mesh, the routing mesh and its rules (CTL-10, ENC-03, VXL-06, LB-02, DSC-02, DSC-01, OVL-03, LB-01, ING-01, ING-05) must hold in one look. Then the host is restarted as by a power cut; its engine must answer within 150 s of the host, and the same must hold again. The bound is networkdb’s rejoin interval (60 s), its table exchange (30 s), swarmkit’s restart delay (5 s) and 120 s for starting tasks; it begins when the engine answers.',
  usualCauses: [
    'rules of docker were saved with the firewall and are restored twice or in the wrong order at boot',
    'modules (ip_vs, esp4, xt_bpf or xt_u32) are loaded by hand and missing after a reboot',
    'the engine starts before the network has its addresses, so the advertise address is not there yet',
  ],
  remedy: [
    'list the modules in /etc/modules-load.d/',
    'let docker.service wait for network-online.target',
    'the message names the requirement that does not hold: swarmproof explain ID',
  ],
  codes: ['engine-not-back', 'not-again'],
  changes: ['engine', 'host', 'stack'],
  quiet: ['traffic', 'tasks', 'changes'],
  reads: [],
  probes: (lab) => 2 * probesOf(wanted, lab),
  async observe(lab): Promise<Restarted> {
    const { signal } = lab
    const node = disturbedNode(lab)
    const { name } = node.host
    await restartEngine(node.host)
    const restarted = await observeAgain(lab, wanted, backWithinMs)
    if (!restarted.polled.reached) return { node: name, restarted }
    await reboot(node.host, { withinMs: bootWithinMs, signal })
    const engine = await poll(
      {
        what: `the engine of ${name} answers after the reboot`,
        ...{ withinMs: engineWithinMs, everyMs: 1000, signal },
      },
      () => engineLook(node.host),
      engineProblems,
    )
    const rebooted = engine.reached ? await observeAgain(lab, wanted, backWithinMs) : undefined
    const log = await observePart(() =>
      engineLogLines(node.host, ['level=error', 'level=fatal', 'failed to start']),
    )
    return { node: name, restarted, engine, log, ...(rebooted === undefined ? {} : { rebooted }) }
  },
  judge({ node, restarted, engine, rebooted, log }) {
    const bound = engineWithinMs / 1000
    const judged = [
      judgeAgain(restarted, wanted, 'after the restart of the engine'),
      ...(rebooted === undefined ? [] : [judgeAgain(rebooted, wanted, 'after the reboot of the host')]),
    ]
    const silent = engine === undefined ? [] : engineProblems(engine.last)
    return judgement({
      problems: [
        ...silent.map((words): Problem => ({
          ...{ code: 'engine-not-back', kind: 'missed', node, controls: [] },
          ...{ expected: bound, observed: words },
        })),
        ...judged.flatMap(({ problems }) => problems),
      ],
      controls: judged.flatMap(({ controls }) => controls),
      measures: [
        ...judged.flatMap(({ measures }) => measures),
        ...(engine === undefined || silent.length > 0
          ? []
          : [{ name: 'from the host’s answer to its engine’s', value: engine.seconds, unit: 's', bound }]),
      ],
      missing: judged.flatMap(({ missing }) => missing),
      unseen: judged.flatMap(({ unseen }) => unseen),
      tables: {
        ...Object.fromEntries(judged.flatMap(({ tables }) => Object.entries(tables))),
        'engine of the node, errors since': log === undefined || !('got' in log) ? [] : log.got,
      },
      conclusion:
        engine === undefined || rebooted === undefined
          ? ''
          : `on ${node} ${wanted.length} requirements held again ${restarted.polled.seconds} s after the engine’s restart, and ${rebooted.polled.seconds} s after the engine answered that came up ${engine.seconds} s after the rebooted host`,
    })
  },
})

interface Restarted {
  readonly node: string
  /** After the engine’s restart. */
  readonly restarted: Again
  /** Only where all held then: from the host’s first answer after its reboot. */
  readonly engine?: Polled<EngineLook>
  /** Lines of the engine’s log. */
  readonly log?: Part<readonly string[]>
  /** Only where the engine answered. */
  readonly rebooted?: Again
}

interface EngineLook {
  readonly exitCode: number
  /** Of docker, where it did not list its containers. */
  readonly words: string
}

async function engineLook({ remote }: Host): Promise<EngineLook> {
  const { exitCode, stdout, stderr } = await remote.exec(sh`docker ps -q`, {
    timeoutMs: 30_000,
    idempotent: true,
  })
  return { exitCode, words: exitCode === 0 ? '' : (stdout + stderr).trim().slice(-300) }
}

function engineProblems({ exitCode, words }: EngineLook): string[] {
  return exitCode === 0 ? [] : [words]
}
