import { expect } from 'chai'
import type { Capture, CapturePoint } from '../../lib/capture/capture.ts'
import { missingTool } from '../../lib/missing-tool.ts'
import { startRecording, withRecordings } from './recording.ts'

const points = [{ interface: 'eth0' } as CapturePoint]

describe('recording beside probes', () => {
  it('gives what was recorded by host', async () => {
    const recording = { point: { host: { name: 'a' } }, packets: [] }
    const wire = { capture: async () => [{ stop: async () => recording } as unknown as Capture] }
    const seen = await withRecordings(await startRecording(wire, points), { probes: 3 })
    expect([seen.probes, [...seen.recordings.keys()]]).to.deep.equal([3, ['a']])
  })

  it('keeps what probes tell where nothing can be recorded, and says why to who asks for packets', async () => {
    const wire = { capture: () => Promise.reject(missingTool('tcpdump', 'web2')) }
    const seen = await withRecordings(await startRecording(wire, points), { probes: 3 })
    expect(seen.probes).to.equal(3)
    expect(() => seen.recordings).to.throw('tcpdump is missing on web2')
  })

  it('hides no other failure', async () => {
    const wire = { capture: () => Promise.reject(new Error('no interface eth0')) }
    const error = await startRecording(wire, points).catch((thrown: unknown) => thrown)
    expect(error).to.have.property('message', 'no interface eth0')
  })
})
