import { expect } from 'chai'
import { nativeHost } from '../host/native-host.fake.ts'
import { parseKernelFiles } from './kernel-files.ts'
import { grantedBetween, type LoadLook, parseLoadLook, readLoadLook } from './load-look.ts'
import { recorded } from './recorded/recorded.fake.ts'

const files = parseKernelFiles(recorded('conditions-of-a-node', 'proc-files.txt').split('\n'))
const first = parseLoadLook(files) as LoadLook

const later = (seconds: number, ticks: { busy?: number; idle?: number; stolen?: number }): LoadLook => {
  const { busy = 0, idle = 0, stolen = 0 } = ticks
  const { totalTicks, idleTicks, stolenTicks } = first.load
  return {
    ...first,
    uptimeSeconds: first.uptimeSeconds + seconds,
    load: {
      ...first.load,
      totalTicks: totalTicks + busy + idle + stolen,
      ...{ idleTicks: idleTicks + idle, stolenTicks: stolenTicks + stolen },
    },
  }
}

describe('a look at how busy a host is', () => {
  it('reads what a kernel showed, with its own time and boot', () => {
    expect(first).to.deep.include({ uptimeSeconds: 610.57, bootId: 'f873f350-810d-4c2a-97bb-6b4d1e12d92d' })
    expect(first.load).to.deep.include({ average: 0.15, processors: 1, waitingPercent: 3.88 })
    expect(parseLoadLook(new Map([...files].filter(([path]) => path !== '/proc/uptime')))).to.equal(undefined)
  })

  it('counts the processors whose ticks it was shown, where it was', () => {
    const lines = files.get('/proc/stat') ?? []
    const two = new Map([
      ...files,
      ['/proc/stat', [...lines, 'cpu0 1 0 1 1 0 0 0 0 0 0', 'cpu1 1 0 1 1 0 0 0 0 0 0']],
    ])
    expect(parseLoadLook(two)?.load.processors).to.equal(2)
  })

  it('is one call that this machine answers, too', async () => {
    const look = await readLoadLook(nativeHost('here'), 10_000)
    expect(look?.uptimeSeconds).to.be.above(0)
    expect(look?.load.processors).to.be.at.least(1)
    expect(look?.load.totalTicks).to.be.above(look?.load.idleTicks ?? 0)
  })

  it('tells what was denied: time that was stolen, and ticks that an emulated processor never had', () => {
    expect(grantedBetween(first, later(10, { busy: 300, idle: 700 }))).to.deep.include({
      ...{ busy: 0.3, denied: 0 },
    })
    expect(grantedBetween(first, later(10, { busy: 300, idle: 100, stolen: 600 }))?.denied).to.equal(0.6)
    expect(grantedBetween(first, later(10, { busy: 300, idle: 100 }))?.denied).to.equal(0.6)
  })

  it('compares nothing across a restart, or with a lab that was put back', () => {
    expect(grantedBetween(later(10, { idle: 1000 }), first)).to.equal(undefined)
    expect(grantedBetween(first, { ...later(10, { idle: 1000 }), bootId: 'another' })).to.equal(undefined)
  })
})
