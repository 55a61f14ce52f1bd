import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { engineEndpoints } from './engine-endpoint.ts'

describe('where an engine may listen', () => {
  let home = ''
  before(() => (home = mkdtempSync(join(tmpdir(), 'swarmproof-home-'))))
  after(() => rmSync(home, { recursive: true, force: true }))

  const context = (name: string, host: string, tls = false): void => {
    const id = createHash('sha256').update(name).digest('hex')
    const meta = join(home, '.docker/contexts/meta', id)
    mkdirSync(meta, { recursive: true })
    const content = { Name: name, Endpoints: { docker: host === '' ? {} : { Host: host } } }
    writeFileSync(join(meta, 'meta.json'), JSON.stringify(content))
    if (tls) mkdirSync(join(home, '.docker/contexts/tls', id, 'docker'), { recursive: true })
  }
  const urls = async (environment: Record<string, string>): Promise<string[]> =>
    (await engineEndpoints(environment, home)).map(({ url }) => url)

  it('is one of the usual sockets where nothing says otherwise', async () => {
    expect(await urls({ XDG_RUNTIME_DIR: '/run/user/7' })).to.deep.equal([
      'unix:///var/run/docker.sock',
      'unix:///run/user/7/docker.sock',
      `unix://${home}/.docker/run/docker.sock`,
    ])
  })

  it('is told by DOCKER_HOST before any context, with or without a scheme, with TLS where it is asked for', async () => {
    context('elsewhere', 'tcp://192.0.2.1:2375')
    const both = { DOCKER_HOST: '192.0.2.2:2375', DOCKER_CONTEXT: 'elsewhere' }
    expect(await engineEndpoints(both, home)).to.deep.equal([
      { url: 'tcp://192.0.2.2:2375', source: 'DOCKER_HOST' },
    ])
    const secure = { DOCKER_HOST: 'tcp://192.0.2.2:9', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/keys' }
    expect((await engineEndpoints(secure, home))[0]).to.include({ certificates: '/keys' })
  })

  it('is told by the context in use, with its certificates', async () => {
    context('build', 'ssh://build@192.0.2.3')
    context('safe', 'tcp://192.0.2.4:2376', true)
    writeFileSync(join(home, '.docker/config.json'), JSON.stringify({ currentContext: 'build' }))
    expect(await engineEndpoints({}, home)).to.deep.equal([
      { url: 'ssh://build@192.0.2.3', source: 'docker context build' },
    ])
    const [safe] = await engineEndpoints({ DOCKER_CONTEXT: 'safe' }, home)
    expect(safe?.certificates).to.match(/contexts\/tls\/[0-9a-f]{64}\/docker$/)
    expect(await urls({ DOCKER_CONTEXT: 'default' })).to.include('unix:///var/run/docker.sock')
  })

  it('is refused by name where the context is not there, or names none', async () => {
    const failure = async (name: string): Promise<string> =>
      engineEndpoints({ DOCKER_CONTEXT: name }, home).then(
        () => 'it was taken',
        (error: Error) => error.message,
      )
    expect(await failure('biuld')).to.match(/unknown docker context 'biuld', did you mean build\?\n.*valid: .*build.*default/)
    context('empty', '')
    expect(await failure('empty')).to.contain("docker context 'empty' does not name an engine")
  })
})
