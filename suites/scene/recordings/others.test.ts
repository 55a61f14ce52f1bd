import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { SwarmObjects } from '../../../lib/swarm/swarm-objects.ts'
import { unpacked } from '../../stored/unpacked.fake.ts'
import type { KernelSeen } from '../judging/kernel-seen.ts'
import { otherBalancerProblems, otherPortProblems } from '../judging/others.ts'
import { othersOf } from './others.ts'

/** What the manager and the kernels of a lab with engine 26.1.5 showed; the run's own services pass for an operator’s. */
const stored = <T>(scene: string): T =>
  (
    JSON.parse(
      readFileSync(join(unpacked('inner-checksums'), 'observations', `${scene}#0.json`), 'utf8'),
    ) as { seen: T }
  ).seen

describe('services that are not of the run', () => {
  const objects = stored<SwarmObjects>('swarm-objects')
  const kernels = stored<KernelSeen>('kernel')
  const nodes = Object.keys(kernels)
  const own = 'nobody-'
  const tasksOf = (service: string) => objects.tasks.filter((task) => task.service === service)

  it('are compared with what kernels have for them', () => {
    const seen = othersOf(objects, kernels, nodes, own)
    expect(seen.unread).to.deep.equal([])
    expect(seen.ports).to.have.lengthOf.above(2)
    expect(seen.balancers).to.have.lengthOf.above(2)
    expect([...otherPortProblems(seen), ...otherBalancerProblems(seen)]).to.deep.equal([])
  })

  it('are not where tasks are left out: whom a balancer must list is not known', () => {
    const balanced = objects.services.find(
      ({ vips, name }) => Object.keys(vips).length > 0 && tasksOf(name).length > 1,
    )
    const [left] = tasksOf(balanced?.name ?? '')
    const fewer = {
      ...objects,
      tasks: objects.tasks.filter((task) => task !== left),
      tasksCut: true as const,
    }
    const seen = othersOf(fewer, kernels, nodes, own)
    expect(seen).to.deep.equal({ ports: [], balancers: [], unread: [], cut: true })
    const { tasksCut: _, ...unsaid } = fewer
    const misled = othersOf(unsaid, kernels, nodes, own)
    expect([...otherPortProblems(misled), ...otherBalancerProblems(misled)]).to.not.deep.equal([])
  })
})
