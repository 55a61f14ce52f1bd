import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { collectHosts, engineLogTail } from '../lib/conformance/collect-hosts.ts'
import { filesWith } from './holds-secret.fake.ts'
import { plainProgress } from './lab-test.ts'
import { plantOperatorObjects } from './operator-objects.fake.ts'
import { raisedLab } from './raised-lab.fake.ts'
import { validateLab } from './validate-lab.fake.ts'

/** One requirement of each that reads networks, services, tasks or nodes of the whole swarm. */
const readers = ['ADR-03', 'CTL-10', 'DSC-01', 'DSC-02', 'OVL-01', 'OVL-06', 'OVL-11', 'ING-01', 'LB-01']

/** `OPERATOR_CANARY=standard` verifies the whole profile instead, which takes long. */
const isWhole = process.env['OPERATOR_CANARY'] === 'standard'

function keep(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

describe('what an operator keeps in services and networks', () => {
  const lab = raisedLab('three-node', 'canary')

  it('is in no file and no output of a run, nor in what is collected when one fails', async () => {
    const { folder, raised } = lab
    const { manager } = raised.cluster
    await using planted = await plantOperatorObjects(manager.host, raised.stack.probeTask.image)
    const { exitCode, told } = await validateLab(raised.lab, folder, isWhole ? [] : ['--only', ...readers])
    const write = (name: string, text: string) => keep(join(folder, 'failed', name), text)
    const store = { write, writeJson: (name: string, value: unknown) => write(name, JSON.stringify(value)) }
    await collectHosts(raised.cluster, 'hosts', store, plainProgress)
    const tails = await Promise.all(raised.cluster.nodes.map(({ host }) => engineLogTail(host)))
    const said = [told, ...tails.flat()].join('\n')
    const left = Object.entries(planted.canaries).flatMap(([place, canary]) => [
      ...filesWith(folder, [canary]).map((file) => `${place}: ${file}`),
      ...(said.includes(canary) ? [`${place}: said`] : []),
    ])
    expect(left).to.deep.equal([])
    const collected = readdirSync(join(folder, 'failed'), { recursive: true, encoding: 'utf8' })
    expect(collected.filter((name) => name.endsWith('engine.log'))).to.have.lengthOf(3)
    expect(exitCode, told).to.equal(0)
  })
})
