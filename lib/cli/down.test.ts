import { expect } from 'chai'
import type { ListedLab } from '../host/host.ts'
import { labsToEnd } from './down.ts'

const labs = (states: Readonly<Record<string, ListedLab['state']>>) => ({
  list: () =>
    Promise.resolve(Object.entries(states).map(([id, state]) => ({ id, state }) as unknown as ListedLab)),
})

describe('which labs `down` ends', () => {
  it('ends the only one that no run uses', async () => {
    const { ended } = await labsToEnd(labs({ mine: 'kept', running: 'owned' }), {})
    expect(ended).to.deep.equal(['mine'])
  })

  it('leaves labs alone that a run is using, and says so', async () => {
    const found = await labsToEnd(labs({ mine: 'kept', lost: 'orphaned', running: 'owned' }), { all: true })
    expect(found).to.deep.equal({ ended: ['mine', 'lost'], used: ['running'] })
  })

  it('ends one in use when it is named', async () => {
    const { ended } = await labsToEnd(labs({ mine: 'kept', running: 'owned' }), { lab: 'running' })
    expect(ended).to.deep.equal(['running'])
  })

  it('asks which one when several stand, and refuses a name that is none', async () => {
    const said = async (flags: { lab?: string }): Promise<string> =>
      labsToEnd(labs({ one: 'kept', two: 'kept' }), flags).then(
        () => 'ended',
        (error: unknown) => String(error),
      )
    expect(await said({})).to.match(/several labs stand/)
    expect(await said({ lab: 'thre' })).to.match(/thre/)
  })
})
