import { expect } from 'chai'
import type { Lab } from './host.ts'
import { type LabKeeper, standingLabs } from './standing-labs.ts'

describe('labs of all providers', () => {
  const removed: string[] = []
  const provider = (kind: 'vm' | 'container', ids: readonly string[]): LabKeeper => ({
    list: async () => ids.map((id) => ({ id, topology: 'made-up', createdAt: '', state: 'kept' as const })),
    attach: async (id) => ({ id, startedFrom: kind }) as unknown as Lab,
    remove: async (id) => void removed.push(`${kind} ${id}`),
  })
  const labs = standingLabs([provider('vm', ['a']), provider('container', ['b', 'c'])])

  it('are listed together, and each is found where it is', async () => {
    expect((await labs.list()).map(({ id }) => id)).to.deep.equal(['a', 'b', 'c'])
    expect(await labs.attach('b')).to.deep.equal({ id: 'b', startedFrom: 'container' })
    await labs.remove('a')
    await labs.remove('c')
    expect(removed).to.deep.equal(['vm a', 'container c'])
  })

  it('that there are none of are refused by the ids of all', async () => {
    const error = await labs.attach('d').catch((reason: unknown) => reason)
    expect(error).to.have.property('message').that.contains('valid: a, b, c')
  })
})
