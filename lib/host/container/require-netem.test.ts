import { expect } from 'chai'
import { InputError } from '../../error.ts'
import { findTopology } from '../../topology/find-topology.ts'
import type { Engine } from './engine.ts'
import { requireNetem } from './require-netem.ts'
import { engineWhere } from './trial-engine.fake.ts'

const refusal = async (engine: Engine): Promise<InputError> => {
  try {
    await requireNetem(engine, 'dind:1', 'lab-1', findTopology('impaired'))
  } catch (error) {
    return error as InputError
  }
  throw new Error('it was accepted')
}

describe('impairments of containers', () => {
  it('are refused by name where the shared kernel has no netem, and the trial is removed', async () => {
    const { engine, containers } = engineWhere(1)
    const error = await refusal(engine)
    expect(error).to.be.instanceOf(InputError)
    expect(error.code).to.equal('IMPAIRMENT_NOT_AVAILABLE')
    expect(error.message)
      .to.match(/topology 'impaired' impairs an underlay.*lacks the module sch_netem/)
      .and.contain('10 ms of delay')
      .and.contain('--hosts vm')
    expect(containers).to.deep.equal({ made: 1, removed: 1 })
  })

  it('are not taken where the trial could not be run', async () => {
    const { engine, containers } = engineWhere('refuses')
    expect((await refusal(engine)).message).to.contain('the trial could not be run: no such image')
    expect(containers.removed).to.equal(1)
  })

  it('are taken where it has, and nothing is tried for a lab without', async () => {
    const { engine, containers } = engineWhere(0)
    await requireNetem(engine, 'dind:1', 'lab-1', findTopology('impaired'))
    await requireNetem(engine, 'dind:1', 'lab-1', findTopology('three-node'))
    expect(containers).to.deep.equal({ made: 1, removed: 1 })
  })
})
