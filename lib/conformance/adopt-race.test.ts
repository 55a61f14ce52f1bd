import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Lab } from '../host/host.ts'
import { nativeHost } from '../host/native-host.fake.ts'
import { silentProgress } from '../progress.ts'
import { type FakeEngine, fakeEngine } from '../swarm/guard.fake.ts'
import type { Topology } from '../topology/topology.ts'
import { deployOnExisting } from './deploy-on-existing.ts'

/** The engine of the guard's tests, that somebody makes a swarm of between the look and the run's own init. */
const init = String.raw`
case "$*" in
  'info --format {{.Swarm.LocalNodeState}}')
    if [ -e STATE/inactive ]; then echo inactive; else echo active; fi; exit 0 ;;
  'network ls --format {{.Name}}') echo bridge; exit 0 ;;
  'swarm init '*)
    echo "$*" >>STATE/asked
    OUTCOME ;;
esac
exec STATE/docker "$@"
`

const lostRace = `rm -f STATE/inactive
    echo 'Error response from daemon: This node is already part of a swarm. Use "docker swarm leave" to leave this swarm and join another one.' >&2
    exit 1`

/** The init is done, and its answer does not arrive. */
const halfDone = `rm -f STATE/inactive
    echo "$*" | sed 's/.*--cert-expiry //' >STATE/expiry
    echo 'error during connect: EOF' >&2
    exit 1`

describe('adopting hosts to make a swarm of them', function () {
  this.timeout(30_000)
  let folder: string
  let engine: FakeEngine

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swp-race-'))
    engine = fakeEngine(folder)
    engine.set('inactive')
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const attempt = async (outcome: string): Promise<string> => {
    engine.wrap('docker', `#!/bin/sh${init.replace('OUTCOME', outcome)}`)
    const native = nativeHost('bare1', [
      ...['/usr/bin/env', `PATH=${engine.path}:${process.env['PATH']}`, '/bin/sh', '-c'],
    ])
    const host = { ...native, underlays: { underlay: { interface: 'eth0', address: '127.0.0.1' } } }
    const topology = {
      nodes: [host.node],
      swarm: { advertise: 'underlay', dataPath: 'underlay', dataPathPort: 4789 },
      stack: { clear: {}, secret: {}, publishedPort: 20_000, namePrefix: 'swp-x' },
    } as unknown as Topology
    try {
      await deployOnExisting(topology, { id: 'x', topology, hosts: [host] } as unknown as Lab, {
        progress: silentProgress,
        signal: new AbortController().signal,
        ...{ runId: 'run-1', images: {}, init: true, leave: true },
        guard: { root: join(folder, 'lib'), systemdFolder: join(folder, 'none'), tickSeconds: 0.1 },
      })
    } catch (error) {
      return (error as Error).message
    }
    return 'it came about'
  }

  it('does not take down a swarm that somebody made of a host meanwhile', async () => {
    expect(await attempt(lostRace)).to.contain('already part of a swarm')
    expect(engine.read('asked')).to.contain('swarm init').and.not.contain('swarm leave')
    expect(engine.read('inactive'), 'that the host is in no swarm').to.equal(undefined)
  })

  it('takes down its own where the engine made it and its answer was lost', async () => {
    expect(await attempt(halfDone)).to.contain('error during connect')
    expect(engine.read('asked')).to.contain('swarm leave --force')
    expect(engine.read('inactive')).to.equal('')
  })
})
