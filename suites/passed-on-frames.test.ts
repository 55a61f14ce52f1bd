import { expect } from 'chai'
import type { Frame, WireSeen } from '../lib/observation/frame.ts'
import type { Part } from '../lib/observation/part.ts'
import { findingsWhereSeen } from './stored/findings-where.fake.ts'

type Wires = Readonly<Record<string, Part<WireSeen>>>

/**
 * What is said of other outer sources where one packet of each kind more had left worker1 for the manager, with this
 * source.
 */
async function titlesWith(run: string, source: string): Promise<readonly string[]> {
  let added = 0
  const found = await findingsWhereSeen(run, (_, seen) => {
    const { wires } = seen as { readonly wires?: Wires }
    if (wires === undefined) return seen
    const changed = Object.entries(wires).map(([name, wire]): [string, Part<WireSeen>] => {
      if (!('got' in wire) || wire.got.node !== 'worker1') return [name, wire]
      const { frames } = wire.got
      const more = passedOn(frames, source)
      added += more.length
      return [name, { got: { ...wire.got, frames: [...frames, ...more] } }]
    })
    return { ...(seen as object), wires: Object.fromEntries(changed) }
  })
  expect(added).to.be.above(0)
  return found.filter(({ code }) => code === 'other-outer-source').map(({ title }) => title)
}

/** Of those that leave for the manager the first of each kind, from another source. */
function passedOn(frames: readonly Frame[], source: string): Frame[] {
  const leaving = frames.filter(({ egress, outer }) => egress && outer?.destination === '192.168.56.11')
  return [isVxlan, isEsp, isGossip].flatMap((isOne) =>
    leaving
      .filter(isOne)
      .slice(0, 1)
      .flatMap(({ outer, ...frame }) =>
        outer === undefined ? [] : [{ ...frame, outer: { ...outer, source } }],
      ),
  )
}

const isEsp = ({ esp }: Frame): boolean => esp !== undefined
const isVxlan = ({ vxlan }: Frame): boolean => vxlan !== undefined
const isGossip = ({ udp, vxlan }: Frame): boolean => vxlan === undefined && udp?.to === 7946

describe('a node that passes on what others send to each other', () => {
  for (const run of ['quick-data-port-dropped', 'narrower-prefix'])
    it(`is not one that sends from another address: ${run}`, async () => {
      const titles = await titlesWith(run, '192.168.56.13')
      expect(titles.filter((title) => title.startsWith('worker1'))).to.deep.equal([])
    })

  it('is one where the address is no node’s', async () => {
    const titles = await titlesWith('quick-data-port-dropped', '192.168.56.99')
    expect(titles).to.have.lengthOf(1)
    expect(titles[0]).to.match(/^worker1 sends .* from 192\.168\.56\.99, not from 192\.168\.56\.12/)
  })
})
