import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { sh } from '../script.ts'
import * as formats from '../api-formats.ts'
import type { Host } from '../host/host.ts'
import { AnsweringEngine } from './answering-engine.fake.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import { dockerLines } from './docker.ts'
import { engineLogScript } from './engine-log.ts'
import { listNodes, readNetworkViews } from './network-view.ts'
import { readGivenAddresses } from './read-addresses.ts'

const file = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))

/**
 * What an engine printed about a service and a network of an operator that held a canary in every place: whole, and by
 * each template. Recorded from docker 20.10.24 with a client of 28.2.2 in November 2026, the engine itself from 26.1.5.
 */
const recorded = JSON.parse(readFileSync(file('operator-objects.json'), 'utf8')) as {
  readonly whole: Readonly<Record<'networks' | 'services' | 'tasks', readonly unknown[]>>
  readonly named: Readonly<Record<string, { readonly template: string; readonly lines: readonly string[] }>>
}

const linesOf = (...names: (keyof typeof formats)[]): string =>
  names.flatMap((name) => recorded.named[name]?.lines ?? []).join('\n')

function clusterThat(answers: string): Cluster {
  const remote = new FakeRemote('manager').answer('docker', answers)
  const node = { nodeId: 'n1', host: { name: 'manager', remote } as unknown as Host } as ClusterNode
  return { nodes: [node], manager: node, dataPathPort: 4789 }
}

describe('what an operator keeps in services and networks', () => {
  it('is all there in what engines print of them whole', () => {
    const whole = JSON.stringify(recorded.whole)
    for (const place of [
      ...['env', 'svclabel', 'ctlabel', 'configname', 'secretname', 'mount', 'command', 'hostname'],
      ...['constraint', 'netlabel', 'netopt'],
    ])
      expect(whole, place).to.include(`canary-${place}`)
  })

  it('is not in what they print by our templates, which are those it was recorded with', () => {
    for (const [name, { template, lines }] of Object.entries(recorded.named)) {
      // Services and tasks are read by fields now, which are held against what templates printed of them.
      if (name !== 'serviceFormat' && name !== 'taskFormat')
        expect(template, `${name} is another now: record it again`).to.equal(
          (formats as Readonly<Record<string, unknown>>)[name],
        )
      expect(lines.join(), name).to.not.match(/canary/i)
      for (const line of lines) expect(() => JSON.parse(line) as unknown, name).to.not.throw()
    }
  })

  it('is not missed by those who read networks, services, tasks and nodes', async () => {
    const { networks, services, tasks } = recorded.whole
    using engine = new AnsweringEngine({ '/networks': networks, '/services': services, '/tasks': tasks })
    const given = await readGivenAddresses(engine.cluster)
    const network = given.networks.find(({ name }) => name === 'ops-net')
    expect(network).to.deep.include({ subnet: '10.77.0.0/24', gateway: '10.77.0.254', encrypted: false })
    expect(network?.vni).to.be.above(4095)
    expect(given.services.map(({ name }) => name)).to.deep.equal(['ops-web', 'ops-own'])
    expect(given.services[0]?.networkIds).to.deep.equal([network?.id])
    expect(given.virtualIps.map(({ address }) => address)).to.include('10.77.0.1')
    expect(given.tasks).to.deep.include.members([
      {
        ...given.tasks.find(({ networkId }) => networkId === network?.id),
        of: 'ops-web',
        address: '10.77.0.2',
      },
    ])
    const views = await readNetworkViews(clusterThat(linesOf('networkViewFormat')))
    const view = views.get('manager')?.find(({ name }) => name === 'ops-net')
    expect(view?.subnets).to.deep.equal(['10.77.0.0/24'])
    expect(Object.keys(view?.options ?? {})).to.deep.equal(['com.docker.network.driver.overlay.vxlanid_list'])
    expect(Object.values(view?.endpoints ?? {}).map(({ address }) => address)).to.include('10.77.0.2')
    const nodes = await listNodes(clusterThat(linesOf('nodeFormat')))
    expect(nodes).to.deep.include.members([{ ...nodes[0], state: 'ready', address: '10.99.0.1' }])
    expect(JSON.stringify([given, [...views], nodes])).to.not.match(/canary/i)
  })

  it('is not quoted by the error about a line that is no JSON', async () => {
    const { host } = clusterThat('{"ID":"x"}\n{"Env":["PASSWORD=canary-env"]').manager
    const error = await dockerLines(host, sh`docker service inspect x`).catch((thrown: unknown) => thrown)
    expect(error).to.have.property('code', 'DOCKER_OUTPUT')
    const all = [error, (error as Error).cause, (error as Error).stack].map(String).join()
    expect(all)
      .to.include('line 2 of 2')
      .and.to.not.match(/canary/i)
  })
})

describe('what is taken of an engine’s log', () => {
  const log = readFileSync(file('operator-engine.log'), 'utf8')
  const script = engineLogScript(300).text.replaceAll('/var/log/dockerd.log', file('operator-engine.log'))
  const taken = execFileSync('sh', ['-c', script], { encoding: 'utf8' })

  it('is nothing about tasks of others, with their commands and mounts', () => {
    expect(log).to.include('/bin/canary-missing').and.to.include('/canary-badmount')
    expect(taken).to.not.match(/canary/i)
  })

  it('is what it says about the swarm, its networks and itself', () => {
    for (const words of ['elected leader', 'VXLAN UDP port', 'ingress network', 'Daemon has completed'])
      expect(taken).to.include(words)
  })
})
