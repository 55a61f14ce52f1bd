import { expect } from 'chai'
import { SwarmproofError } from '../error.ts'
import { FakeRemote } from '../remote/fake-remote.ts'
import { sh } from '../script.ts'
import { docker } from './docker.ts'

/** As engine 26.1.5 said it on a lab with the routes 0.0.0.0/1 and 128.0.0.0/1. */
const words =
  'Error response from daemon: could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network'

describe('a refusal of an engine', () => {
  const refused = async (stderr: string): Promise<unknown> => {
    const remote = new FakeRemote('worker2')
    remote.exec = () => Promise.resolve({ exitCode: 1, stdout: '', stderr, durationMs: 1 } as never)
    return docker({ name: 'worker2', remote }, sh`docker swarm init`).then(
      () => undefined,
      (error: unknown) => error,
    )
  }

  it('says what to do where its words are known', async () => {
    const error = await refused(words)
    expect(error).to.be.instanceOf(SwarmproofError)
    expect((error as SwarmproofError).detail.hint).to.contain('docker network create --subnet SUBNET')
    expect((error as SwarmproofError).message).to.contain('ip route')
  })

  it('says nothing where they are not', async () => {
    expect(((await refused('Error response from daemon: no')) as SwarmproofError).detail.hint).to.equal(
      undefined,
    )
  })
})
