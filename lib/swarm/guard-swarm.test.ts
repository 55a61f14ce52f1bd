import { expect } from 'chai'
import { describeGuards, others } from './guarded.fake.ts'

describeGuards('a guard of a run that makes a swarm', (on) => {
  const mark = '2160h0m0.123456789s'

  it('leaves the swarm that the run made, by the id of its node, and takes docker_gwbridge along', async () => {
    on().engine.put('networks', 'docker_gwbridge')
    await on().start()
    await on().guard?.leavesSwarm(on().host, [mark], { bridge: true })
    on().engine.set('node', 'node-of-ours\n')
    await on().guard?.leavesSwarm(on().host, ['node-of-ours'])
    await on().guard?.joinedSwarm(on().host)
    await on().guard?.[Symbol.asyncDispose]()
    expect(on().engine.read('inactive')).to.equal('')
    // The services of a swarm go with it.
    expect(on().engine.left()).to.deep.equal(others.filter((name) => !name.startsWith('services/')))
  })

  it('knows it by the validity of its certificates where the run died before it knew the id', async () => {
    on().engine.put('networks', 'docker_gwbridge')
    await on().start({ silenceSeconds: 1, lapseSeconds: 600, beatMs: 600_000 })
    await on().guard?.leavesSwarm(on().host, [mark], { bridge: true })
    on().engine.set('expiry', `${mark}\n`)
    await on().untilGone()
    expect(on().engine.read('inactive')).to.equal('')
  })

  it('knows on a node that joined it the manager that it was joined by', async () => {
    on().engine.set('manager', 'false\n')
    for (const name of on()
      .engine.left()
      .filter((one) => /^(services|tasks)/.test(one)))
      on().engine.unset(name)
    await on().start()
    await on().guard?.leavesSwarm(on().host, ['manager-of-ours', '192.0.2.1:2377'])
    on().engine.set('expiry', '\n')
    on().engine.set('remotes', 'another\nmanager-of-ours\n')
    await on().guard?.[Symbol.asyncDispose]()
    expect(on().engine.read('inactive')).to.equal('')
  })

  it('never leaves a swarm that somebody else made of the host meanwhile, nor takes its bridge', async () => {
    on().engine.put('networks', 'docker_gwbridge')
    await on().start()
    await on().guard?.leavesSwarm(on().host, [mark, 'node-of-ours', '192.0.2.1:2377'], { bridge: true })
    await on().guard?.joinedSwarm(on().host)
    await on().guard?.[Symbol.asyncDispose]()
    expect(on().engine.read('inactive')).to.equal(undefined)
    expect(on().engine.read('asked')).to.not.contain('swarm leave')
    expect(on().engine.left()).to.have.members([...others, 'networks/docker_gwbridge'])
  })

  it('leaves the bridge of a host that was never in it', async () => {
    for (const name of on().engine.left()) on().engine.unset(name)
    on().engine.put('networks', 'docker_gwbridge')
    on().engine.set('inactive')
    await on().start()
    await on().guard?.leavesSwarm(on().host, [mark], { bridge: true })
    await on().guard?.[Symbol.asyncDispose]()
    expect(on().engine.left()).to.deep.equal(['networks/docker_gwbridge'])
  })

  it('lets it stay when that was asked for', async () => {
    await on().start()
    await on().guard?.leavesSwarm(on().host, [mark, 'node-of-theirs'], { bridge: true })
    await on().guard?.joinedSwarm(on().host)
    await on().guard?.staysInSwarm(on().host)
    await on().guard?.[Symbol.asyncDispose]()
    expect(on().engine.read('inactive')).to.equal(undefined)
    expect(on().engine.left()).to.deep.equal(others)
  })
})
