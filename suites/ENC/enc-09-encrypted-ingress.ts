import { requireNone } from '../../lib/conformance/require-none.ts'
import { soundPackets } from '../../lib/conformance/sound-packets.ts'
import { conformanceTest } from '../../lib/conformance/test.ts'
import { layerOf, outerEsp, outerIp } from '../../lib/packet/query.ts'
import { httpGet } from '../../lib/probe/http.ts'
import { tasksOn } from '../../lib/swarm/stack.ts'
import { answeredBy } from '../scene/mesh.ts'
import { acrossHosts, addressOn, inTask, onNode, orderedPairs } from '../scene/pair.ts'
import { docs } from '../source.ts'

export const encryptedIngress = conformanceTest({
  id: 'ENC-09',
  requirement: 'Ingress is unencrypted by default; recreated with `encrypted`, mesh traffic is ESP.',
  source: [docs('Customize the ingress network'), docs('Configure encryption of application data')],
  safety: 'lab',
  needs: ['two-nodes', 'ipvs', 'encrypted-overlay', 'encrypted-ingress'],
  method:
    'The ingress network the engine made at init must have been unencrypted; it was recorded before it was replaced. With the encrypted one, every node asks its own published port until tasks on the other nodes have answered, while what leaves the data-path interface of each node is recorded: ESP must pass between the nodes, and no VXLAN with the VNI of ingress may. Control: VXLAN of the clear network is found by the same matcher in the same recording.',
  usualCauses: [
    'the kernel refused the security associations; the engine only logs it',
    'ingress was recreated without --opt encrypted',
    'xt_bpf (engines from 24), xt_u32 (before 20.10.24 and 23.0.3) or both (those between) is missing on a node, so its packets are not marked',
  ],
  remedy: [
    'docker network inspect INGRESS --format "{{json .Options}}" must show "encrypted"',
    'iptables -t mangle -S OUTPUT on the node named: a rule must mark the VNI of ingress',
    'modprobe esp4 xt_bpf xt_u32, then restart the engine',
  ],
  async run(context) {
    const { cluster, stack, built, wire, probe, evidence } = context
    const { ingress, clear } = stack.networks
    const { web } = stack.services
    const port = web.published.find(({ mode, protocol }) => mode === 'ingress' && protocol === 'tcp')
    if (port === undefined) throw new Error(`service ${web.name} publishes no TCP port through ingress`)
    const tasks = stack.tasks.filter((task) => task.service === web.name)
    const points = cluster.nodes.map((node) => ({
      host: node.host,
      interface: node.dataPath.interface,
      direction: 'out' as const,
      vxlanPorts: [cluster.dataPathPort],
      filter: `udp port ${cluster.dataPathPort} or esp`,
    }))
    const asked = cluster.nodes.map((node) => ({
      kind: 'tcp' as const,
      from: onNode(node),
      to: node.advertise.address,
      port: port.publishedPort,
      request: httpGet('/'),
      repeat: 2 * tasks.length,
      timeoutMs: 15_000,
    }))
    const twins = orderedPairs(tasksOn(stack, 'clear'))
      .filter(acrossHosts)
      .map(([from, to]) => ({
        kind: 'icmp' as const,
        from: inTask(from),
        to: addressOn(to, clear),
        packetBytes: 84,
      }))
    const { result: observations, recordings } = await wire.during(points, () =>
      probe.send([...asked, ...twins]),
    )

    const leaving = cluster.nodes.flatMap((node, index) => {
      const recording = recordings[index]
      if (recording === undefined) return []
      return soundPackets(recording)
        .filter((packet) => outerIp(packet)?.source === node.dataPath.address)
        .map((packet) => ({ node, packet, to: outerIp(packet)?.destination ?? '' }))
    })
    const withVni = (vni: number) => leaving.filter(({ packet }) => layerOf(packet, 'vxlan')?.vni === vni)
    const esp = leaving.filter(({ packet }) => outerEsp(packet) !== undefined)
    const crossings = cluster.nodes.flatMap((node, index) => {
      const answered = new Set(answeredBy(observations[index] ?? { replies: [] }))
      const remote = tasks.filter((task) => task.node !== node && answered.has(task.hostname))
      return remote.map((task) => [node, task.node] as const)
    })
    evidence.observe('ingress as the engine made it at init', built.firstIngress ?? 'was not recorded')
    evidence.observe('mesh requests answered by a task of another node', crossings.length)
    evidence.observe('control: VXLAN of the clear network found', withVni(clear.vni).length)
    evidence.packets(
      'ESP leaving the nodes',
      esp.slice(0, 40).map(({ packet }) => packet),
    )
    const clearText = withVni(ingress.vni)
    if (clearText.length > 0)
      evidence.packets(
        'VXLAN of ingress in clear',
        clearText.slice(0, 40).map(({ packet }) => packet),
      )
    requireNone(`mesh traffic of ${ingress.name} is ESP, and was not by default`, [
      ...(built.firstIngress?.encrypted ? ['ingress as made at init was encrypted already'] : []),
      ...(ingress.encrypted
        ? []
        : [`${cluster.manager.host.name} states that ${ingress.name} is not encrypted`]),
      ...new Set(
        clearText.map(
          ({ node, to }) => `VXLAN with VNI ${ingress.vni} left ${node.host.name} for ${to} in clear`,
        ),
      ),
      ...new Set(
        crossings
          .flatMap(([a, b]) => [[a, b] as const, [b, a] as const])
          .filter(([a, b]) => !esp.some(({ node, to }) => node === a && to === b.dataPath.address))
          .map(([a, b]) => `no ESP left ${a.host.name} for ${b.host.name}, though mesh traffic passed`),
      ),
    ])
    if (built.firstIngress === undefined)
      throw new Error('how the engine made ingress at init was not recorded: run with --fresh')
    if (crossings.length === 0)
      throw new Error(
        'no request through the mesh was answered from another node, so nothing crossed: see ING-01',
      )
    if (withVni(clear.vni).length === 0)
      throw new Error('the matcher did not find the clear network’s VXLAN, so "none seen" proves nothing')
    evidence.conclude(
      `the engine’s own ingress was unencrypted; with ${ingress.name} encrypted ${crossings.length} ways through the mesh led to another node, ${esp.length} ESP packets left and no VXLAN with VNI ${ingress.vni}, while ${withVni(clear.vni).length} packets of the clear network were found`,
    )
  },
})
