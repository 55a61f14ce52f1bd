import { expect } from 'chai'
import { InputError } from '../error.ts'
import type { ListedLab } from '../host/host.ts'
import { whichLabId } from './which-lab.ts'

function keeper(...states: readonly ListedLab['state'][]) {
  const labs = states.map((state, index) => ({ id: `lab-${index}`, state }) as ListedLab)
  return { list: () => Promise.resolve(labs) }
}

async function refusal(choice: Promise<string>): Promise<string> {
  const error = await choice.then(
    (id) => id,
    (thrown: unknown) => thrown,
  )
  expect(error).to.be.instanceOf(InputError)
  return (error as InputError).message
}

describe('the lab that is meant', () => {
  it('is the one named, or the only one that is not orphaned', async () => {
    expect(await whichLabId(keeper('kept', 'orphaned'), undefined)).to.equal('lab-0')
    expect(await whichLabId(keeper('kept', 'kept'), 'lab-1')).to.equal('lab-1')
  })

  it('is asked for by the option of the command where several stand', async () => {
    expect(await refusal(whichLabId(keeper('kept', 'kept'), undefined))).to.contain('--lab: lab-0, lab-1')
    expect(await refusal(whichLabId(keeper('kept', 'kept'), undefined, '--lab-id'))).to.contain('--lab-id: ')
  })

  it('must stand', async () => {
    expect(await refusal(whichLabId(keeper('orphaned'), undefined))).to.contain('swarmproof up')
    expect(await refusal(whichLabId(keeper('kept'), 'lab-7'))).to.contain('lab-7')
  })
})
