import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { SwarmproofError } from '../error.ts'
import { nativeHost } from '../host/native-host.fake.ts'
import type { Host } from '../host/host.ts'
import { keeping } from '../remote/kept-program.fake.ts'
import type { RemoteProcess } from '../remote/remote.ts'
import { agentProbe, mostSenders } from './agent-probe.ts'
import type { Origin, ProbeRequest } from './probe.ts'

interface Scripted {
  readonly host: Host
  /** Everything that happened, in order, over all hosts. */
  readonly from: Origin
}

/** A host whose agent answers each line of its plan as `answer` says; an empty text ends it. */
function scripted(
  name: string,
  events: string[],
  answer: (line: string, plan: readonly string[]) => string[] | 'dies' | Promise<string[]>,
): Scripted {
  const native = nativeHost(name)
  const spawn: Host['remote']['spawn'] = async (command): Promise<RemoteProcess> => {
    events.push(`${name} spawn`)
    expect(command.text).to.match(/^exec perl /)
    return keeping(command, run)
  }
  const run = (): RemoteProcess => {
    events.push(`${name} run`)
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
    let exit: (value: { exitCode: number }) => void = () => undefined
    const exited = new Promise<{ exitCode: number }>((resolve) => (exit = resolve))
    const end = (exitCode: number): void => {
      stdout.end()
      stderr.end()
      exit({ exitCode })
    }
    let input = ''
    const plan: string[] = []
    stdin.on('data', (chunk: Buffer) => {
      input += String(chunk)
      for (let at = input.indexOf('\n'); at !== -1; at = input.indexOf('\n')) {
        const line = input.slice(0, at)
        input = input.slice(at + 1)
        plan.push(line)
        if (line === 'end' || line === 'go') events.push(`${name} ${line}`)
        const said = answer(line, plan)
        if (said === 'dies') end(9)
        else void Promise.resolve(said).then((texts) => texts.forEach((text) => stdout.write(`${text}\n`)))
      }
    })
    const stop = async (): Promise<void> => {
      events.push(`${name} stop`)
      end(0)
      await exited
    }
    return { stdin, stdout, stderr, exited, stop, [Symbol.asyncDispose]: stop }
  }
  const host: Host = { ...native, remote: { ...native.remote, spawn } }
  return { host, from: { host, namespace: 'host', label: name } }
}

/** Answers every UDP probe with its own id. */
function honest(line: string, plan: readonly string[]): string[] {
  if (line === 'end') return ['ready']
  if (line !== 'go') return []
  const probes = plan.filter((entry) => entry.startsWith('udp ')).map((entry) => entry.split(' ')[1] ?? '')
  const results = probes.map(
    (id) => `result ${id} 0 answered 0 1500 250 10.0.0.1 4000 1 ${Buffer.from(id).toString('hex')}`,
  )
  return ['start 1000', ...results.reverse(), 'done']
}

const ask = (from: Origin): ProbeRequest => ({
  kind: 'udp',
  from,
  to: '10.0.0.1',
  port: 7,
  payload: Buffer.from('x'),
  expectReply: true,
})

async function failure(work: Promise<unknown>): Promise<SwarmproofError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).to.be.instanceOf(SwarmproofError)
  return error as SwarmproofError
}

describe('agent probe', () => {
  it('calls each host once and gives observations in the order of the requests', async () => {
    const events: string[] = []
    const [a, b] = [scripted('a', events, honest), scripted('b', events, honest)]
    const observations = await agentProbe().send([ask(a.from), ask(b.from), ask(a.from), ask(b.from)])
    expect(observations.map(({ replies }) => replies[0]?.toString())).to.deep.equal(['0', '1', '2', '3'])
    expect(observations[0]?.attempts).to.deep.equal([
      { outcome: 'answered', startedMs: 0.5, elapsedMs: 0.25, source: { address: '10.0.0.1', port: 4000 } },
    ])
    expect(events.filter((event) => event.endsWith('spawn'))).to.have.lengthOf(2)
  })

  it('lets no host start before all are ready, hosts with nothing but responders too', async () => {
    const events: string[] = []
    let release: () => void = () => undefined
    const slow = scripted('slow', events, (line, plan) => {
      if (line !== 'end') return honest(line, plan)
      release()
      return ['ready']
    })
    const held = new Promise<void>((resolve) => (release = resolve))
    const fast = scripted('fast', events, honest)
    await agentProbe().send([ask(fast.from)], { responders: [{ at: slow.from, port: 7, nonce: 'n' }] })
    await held
    const firstGo = events.findIndex((event) => event.endsWith(' go'))
    expect(events.slice(0, firstGo)).to.include.members(['slow end', 'fast end'])
    expect(events).to.include('slow stop').and.include('fast stop')
  })

  it('has no more than 25 hosts send at a time, each called once, however many there are', async () => {
    for (const count of [3, 20, 50]) {
      const events: string[] = []
      let [sending, most] = [0, 0]
      const hosts = Array.from({ length: count }, (_, index) =>
        scripted(`node${index}`, events, async (line, plan) => {
          if (line === 'go') most = Math.max(most, ++sending)
          await new Promise((resolve) => setImmediate(resolve))
          if (line === 'go') sending -= 1
          return honest(line, plan)
        }),
      )
      const responders = hosts.map(({ from: at }) => ({ at, port: 7, nonce: 'n' }))
      const observations = await agentProbe().send(
        hosts.map(({ from }) => ask(from)),
        { responders },
      )
      expect(observations).to.have.lengthOf(count)
      expect(events.filter((event) => event.endsWith('spawn'))).to.have.lengthOf(count)
      expect(most).to.equal(Math.min(count, mostSenders))
      const last = (word: string): number => events.findLastIndex((event) => event.endsWith(word))
      expect(events.findIndex((event) => event.endsWith('stop'))).to.be.above(last(' go'))
    }
  })

  it('sends nothing for no requests', async () => {
    expect(await agentProbe().send([])).to.deep.equal([])
  })

  it('raises an error of the harness when an agent ends early, and stops the others', async () => {
    const events: string[] = []
    const good = scripted('good', events, (line) => (line === 'end' ? ['ready'] : []))
    const bad = scripted('bad', events, (line) => (line === 'end' ? ['ready'] : line === 'go' ? 'dies' : []))
    const error = await failure(agentProbe().send([ask(good.from), ask(bad.from)]))
    expect(error).to.include({ code: 'PROBE_AGENT', host: 'bad' })
    expect(error.message).to.contain('exit code 9')
    expect(events).to.include('good stop')
  })

  it('raises an error when the plan cannot be carried out, quoting the agent', async () => {
    const gone = scripted('gone', [], (line) => (line === 'end' ? ['broken namespace 0 is gone'] : []))
    const error = await failure(agentProbe().send([ask(gone.from)]))
    expect(error).to.include({ code: 'PROBE_AGENT', host: 'gone' })
    expect(error.message).to.contain('namespace 0 is gone')
  })

  it('raises an error when an agent is done without every result, or talks nonsense', async () => {
    const lossy = scripted('lossy', [], (line) =>
      line === 'end' ? ['ready'] : line === 'go' ? ['start 0', 'done'] : [],
    )
    expect((await failure(agentProbe().send([ask(lossy.from)]))).code).to.equal('PROBE_RESULT_LOST')
    const odd = scripted('odd', [], (line) => (line === 'end' ? ['ready', 'segmentation fault'] : []))
    expect((await failure(agentProbe().send([ask(odd.from)]))).message).to.contain('segmentation fault')
  })
})
