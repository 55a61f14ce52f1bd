import type { Look } from '../../lib/eventually.ts'
import type { Host } from '../../lib/host/host.ts'
import { reboot } from '../../lib/host/reboot.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { engineLogLines } from '../../lib/swarm/engine-log.ts'
import { restartEngine } from '../../lib/swarm/restart-engine.ts'
import { moby } from '../source.ts'
import { chain } from '../ING/ing-05-chain.ts'
import { backWithinMs } from './bounds.ts'
import { disturbedNode } from './disturbed-node.ts'
import { everythingEncryptedAgain } from './everything-again.ts'
import { holdsAgain } from './holds-again.ts'
import { within } from './within.ts'
import { sh } from '../../lib/script.ts'

/** A host that boots: firmware, kernel, until it can be asked. */
const bootWithinMs = 120_000
/** Its services. No document limits it, nor does the engine's unit (TimeoutStartSec=0); emulated hosts took 55 to 90 s. */
const engineWithinMs = 150_000

const wanted = [...everythingEncryptedAgain, chain]

export const restart = conformanceTest({
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
  async run(context) {
    const { evidence, signal } = context
    const node = disturbedNode(context)
    const { name } = node.host
    await restartEngine(node.host)
    const afterRestart = await holdsAgain(context, wanted, {
      since: `the engine of ${name} was restarted`,
      withinMs: backWithinMs,
    })
    evidence.measure('after the restart of the engine', afterRestart, 's', backWithinMs / 1000)
    await reboot(node.host, { withinMs: bootWithinMs, signal })
    const afterBoot = await within(
      `the engine of ${name} answers after the reboot`,
      engineWithinMs,
      signal,
      () => engineAnswers(node.host),
    )
    evidence.measure('from the host’s answer to its engine’s', afterBoot, 's', engineWithinMs / 1000)
    const afterReboot = await holdsAgain(context, wanted, {
      since: `${name} was rebooted`,
      withinMs: backWithinMs,
    }).finally(async () =>
      evidence.observe(
        'engine of the node, errors since',
        await engineLogLines(node.host, ['level=error', 'level=fatal', 'failed to start']).catch(String),
      ),
    )
    evidence.measure('after the reboot of the host', afterReboot, 's', backWithinMs / 1000)
    evidence.conclude(
      `on ${name} ${wanted.length} requirements held again ${afterRestart} s after the engine’s restart, and ${afterReboot} s after the engine answered that came up ${afterBoot} s after the rebooted host`,
    )
  },
})

async function engineAnswers({ remote }: Host): Promise<Look<void>> {
  const { exitCode, stdout, stderr } = await remote.exec(sh`docker ps -q`, {
    timeoutMs: 30_000,
    idempotent: true,
  })
  return exitCode === 0
    ? { ready: true, value: undefined }
    : { ready: false, seen: (stdout + stderr).trim().slice(-300) }
}
