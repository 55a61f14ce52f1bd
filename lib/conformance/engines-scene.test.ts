import { expect } from 'chai'
import { FakeRemote, type FakeAnswer } from '../remote/fake-remote.ts'
import { RemoteError } from '../remote/remote-error.ts'
import type { ObserveContext } from './context.ts'
import { enginesAfter } from './engines-scene.ts'

/** What is seen of a node whose host answers so when its engine is asked. */
async function seenWhere(answer: FakeAnswer | string): Promise<unknown> {
  const remote = new FakeRemote('worker1').answer(/^docker version/, answer)
  const cluster = { nodes: [{ host: { name: 'worker1', remote } }] }
  const { worker1 } = await enginesAfter.record({ cluster } as unknown as ObserveContext)
  return worker1
}

describe('whether an engine answers', () => {
  it('is yes where it says its version', async () => {
    expect(await seenWhere('29.1.3\n')).to.deep.equal({ answers: true })
  })

  for (const said of [
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    'failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory',
    'error during connect: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/version": dial unix /var/run/docker.sock: connect: connection refused',
  ])
    it(`is no where the client finds none: ${said.slice(0, 40)}…`, async () => {
      const seen = await seenWhere({ exitCode: 1, stderr: `WARNING: a plugin is old\n${said}\n` })
      expect(seen).to.deep.equal({ answers: false, said })
    })

  for (const [what, answer, threw] of [
    [
      'the host was lost',
      { error: new RemoteError({ code: 'SSH_LOST', host: 'worker1', what: 'the connection was lost' }) },
      'the connection was lost (on worker1)',
    ],
    [
      'nothing came in time',
      { error: new RemoteError({ code: 'REMOTE_TIMEOUT', host: 'worker1', what: 'it took too long' }) },
      'it took too long (on worker1)',
    ],
    [
      'the client was not let at the socket',
      {
        exitCode: 1,
        stderr:
          'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
      },
      'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
    ],
    [
      'there is no client',
      { exitCode: 127, stderr: 'sh: 1: docker: not found\n' },
      'sh: 1: docker: not found',
    ],
    ['it failed without a word', { exitCode: 137 }, 'docker version ended with 137'],
  ] as const)
    it(`is not known where ${what}`, async () => {
      expect(await seenWhere(answer)).to.deep.equal({ threw })
    })
})
