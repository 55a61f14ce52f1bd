import { expect } from 'chai'
import { silentProgress } from '../progress.ts'
import type { Host } from '../host/host.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import { tasksRunning } from './deploy-stack.ts'
import { answerJson, ServedEngine } from './served-engine.fake.ts'
import { stackNames } from './stack.ts'

const names = stackNames({})
const all = Object.values(names.services)

/** What the manager answers in turns, the last one for good: of each service how many tasks run, of two that are to. */
async function waitingFor(
  answers: readonly (readonly (number | undefined)[])[],
  services?: number,
): Promise<{ requests: readonly string[]; error?: Error }> {
  let look = 0
  const remote = new ServedEngine('manager', (_, answer) => {
    const running = answers[Math.min(look, answers.length - 1)] ?? []
    look += 1
    const others = { Spec: { Name: 'swp-web2' }, ServiceStatus: { RunningTasks: 0, DesiredTasks: 9 } }
    const own = running.map((count, index) => ({
      Spec: { Name: all[index] },
      ...(count === undefined ? {} : { ServiceStatus: { RunningTasks: count, DesiredTasks: 2 } }),
    }))
    answerJson(answer, [others, ...own])
  })
  const node = { host: { name: 'manager', remote } as unknown as Host } as ClusterNode
  const cluster: Cluster = { nodes: [node], manager: node, dataPathPort: 4789 }
  remote.answer('docker service ps', 'swp-rr.1 on b: Preparing 3 seconds ago \n')
  const options = { progress: silentProgress, signal: new AbortController().signal, withinMs: 50 }
  const error = await tasksRunning(names, cluster, options, services).then(
    () => undefined,
    (thrown: Error) => thrown,
  )
  return { requests: remote.requests, ...(error === undefined ? {} : { error }) }
}

describe('waiting for the tasks of the stack', () => {
  it('ends when each of its services has the tasks it is to have, whatever others have', async () => {
    const { requests, error } = await waitingFor([[2, 2, 2]], 3)
    expect(error).to.equal(undefined)
    expect(requests).to.deep.equal([
      `GET /services?status=true&filters={"name":${JSON.stringify(all)},"label":["swarmproof"]}`,
    ])
  })

  it('does not end while a service is missing, lacks tasks or is not counted yet', async () => {
    for (const running of [
      [2, 2],
      [2, 1, 2],
      [2, 2, undefined],
    ]) {
      const { error, requests } = await waitingFor([running], 3)
      expect(error?.message, String(running)).to.contain('every task of the stack runs: not within 0.05 s')
      expect(requests.length).to.be.above(1)
    }
  }).timeout(15_000)
})
