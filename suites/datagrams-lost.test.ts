import { expect } from 'chai'
import { findingsWhereSeen } from './stored/findings-where.fake.ts'

interface Sizes {
  readonly datagrams: {
    readonly network: string
    readonly fits: boolean
    readonly protocol: string
    readonly probe: { outcome: string; readonly from: string; readonly to: string }
  }[]
}

const causes = async (change: (sizes: Sizes) => void = () => {}): Promise<string[]> =>
  (
    await findingsWhereSeen('datagrams-lost', (key, seen) => {
      if (key === 'sizes') change(seen as Sizes)
      return seen
    })
  )
    .filter(({ severity }) => severity === 'cause')
    .map(({ code, nodes }) => `${code} ${nodes.join(' ')}`)

describe('three datagrams of full size that were lost beside many downloads', () => {
  it('are no sign of an underlay that is too small: others of that size passed between the same nodes', async () => {
    expect(await causes()).to.deep.equal([])
  })

  it('would be one if none had passed either way, whatever passed between other nodes', async () => {
    const silent = await causes(({ datagrams }) => {
      for (const { network, fits, probe } of datagrams)
        if (
          network === 'secret' &&
          fits &&
          [probe.from, probe.to].some((end) => end.includes('worker2') || end === '10.91.2.2')
        )
          probe.outcome = 'timeout'
    })
    expect(silent).to.deep.equal(['underlay-mtu-too-small worker2'])
  })
})
