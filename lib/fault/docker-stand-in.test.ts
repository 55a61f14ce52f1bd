import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { Host } from '../host/host.ts'
import type { Cluster, ClusterNode } from '../swarm/cluster.ts'
import { engineOf } from '../swarm/engine-of.ts'
import { answerJson, ServedEngine } from '../swarm/served-engine.fake.ts'
import type { Stack } from '../swarm/stack.ts'
import { subnetWithheld } from './reshaping-faults.ts'

/** What an engine answered about the network of a trial. */
const { network } = JSON.parse(
  readFileSync(new URL('../swarm/fixtures/trial-by-api.json', import.meta.url), 'utf8'),
) as { readonly network: { readonly Name: string } }

describe('what stands before docker on a manager', () => {
  it('is what the engine is asked through from then on, and no more once it is removed', async () => {
    const remote = new ServedEngine('manager', (_, answer) => answerJson(answer, {})).answer(/./, '')
    const node = { host: { name: 'manager', remote } as unknown as Host } as ClusterNode
    const cluster: Cluster = { nodes: [node], manager: node, dataPathPort: 4789 }
    await engineOf(node.host).get('/version')
    const { remove } = await subnetWithheld.plant({ cluster, stack: {} as Stack })
    await engineOf(node.host).get('/version')
    await remove()
    await engineOf(node.host).get('/version')
    expect(remote.dials).to.equal(3)
  })

  it('withholds subnets of the one network where the engine is asked by its API', async () => {
    const remote = new ServedEngine('manager', (_, answer) => answerJson(answer, {})).answer(/./, '')
    const node = { host: { name: 'manager', remote } as unknown as Host } as ClusterNode
    const cluster: Cluster = { nodes: [node], manager: node, dataPathPort: 4789 }
    await subnetWithheld.plant({ cluster, stack: {} as Stack })
    const [, planted = ''] = /printf '%s\\n' ('[^]*?[^\\]') >/.exec(remote.commands[0] ?? '') ?? []
    const program = spawnSync('sh', ['-c', `printf %s ${planted}`], { encoding: 'utf8' }).stdout
    const said = (name: string): object => {
      const answer = `${JSON.stringify({ ...network, Name: name })}\n`
      const { stdout } = spawnSync(
        'sh',
        ['-c', program.replaceAll('/usr/bin/docker "$@"', 'cat'), 'docker', 'system', 'dial-stdio'],
        { encoding: 'utf8', input: `HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\n\r\n${answer}` },
      )
      const body = stdout.slice(stdout.indexOf('\r\n\r\n') + 4)
      expect(body, 'as long as it said').to.have.lengthOf(answer.length)
      return JSON.parse(body) as object
    }
    expect(said('swp-reshape-own')).to.deep.equal({
      ...{ ...network, Name: 'swp-reshape-own' },
      IPAM: { Driver: 'default', Options: null, Config: null },
    })
    expect(said('swp-other')).to.deep.equal({ ...network, Name: 'swp-other' })
  })
})
