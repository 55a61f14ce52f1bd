import { spawn, type ChildProcess } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { expect } from 'chai'
import { decode, encode, type Packet } from 'dns-packet'
import { eventually } from '../../eventually.ts'
import { perlFile } from '../../script-file.ts'

/** Loopback addresses of the test’s own. */
const [own, outside] = ['127.0.53.1', '127.0.53.2'] as const

describe('names that a host passes on', function () {
  this.timeout(20_000)
  let port: number
  let nameserver: Socket
  let forwarder: ChildProcess
  /** Of which the first question gets lost. */
  const lost = new Set<string>()

  before(async () => {
    nameserver = createSocket('udp4')
    nameserver.bind(0, outside)
    await once(nameserver, 'listening')
    port = nameserver.address().port
    nameserver.on('message', (message, { address, port: from }) => {
      const { id, questions = [] } = decode(message)
      const [{ name } = { name: '' }] = questions
      if (name === 'silent.test' || lost.delete(name)) return
      const answer: Packet = {
        ...{ type: 'response', id: id ?? 0, questions },
        answers: [{ type: 'A', name, ttl: 1, data: `192.0.2.${name.length}` }],
      }
      nameserver.send(encode(answer), from, address)
    })
    const program = perlFile(import.meta.url, 'forward-names.pl')
    forwarder = spawn('perl', ['-e', program, own, outside, String(port)], { stdio: 'inherit' })
    await eventually({ what: 'it passes on', withinMs: 10_000, everyMs: 20 }, async () =>
      (await ask('here.test', 1, 500)) === undefined
        ? { ready: false, seen: 'no answer' }
        : { ready: true, value: undefined },
    )
  })
  after(() => {
    forwarder.kill()
    nameserver.close()
  })

  const ask = async (name: string, id: number, withinMs = 10_000): Promise<Packet | undefined> => {
    const client = createSocket('udp4')
    try {
      client.connect(port, own)
      await once(client, 'connect')
      const answered = once(client, 'message', { signal: AbortSignal.timeout(withinMs) })
      client.send(encode({ type: 'query', id, questions: [{ type: 'A', name }] }))
      const [message] = (await answered.catch(() => [])) as [Buffer?]
      return message === undefined ? undefined : decode(message)
    } finally {
      client.close()
    }
  }

  it('are answered each to whom asked, in whatever order, and past one that never is', async () => {
    const names = ['a.test', 'silent.test', 'bcd.test', 'ef.test']
    const answers = await Promise.all(
      names.map((name, id) => ask(name, id, name === 'silent.test' ? 3000 : undefined)),
    )
    expect(
      answers.map((answer) => [answer?.id, answer?.answers?.map((one) => 'data' in one && one.data)]),
    ).to.deep.equal([
      [0, ['192.0.2.6']],
      [undefined, undefined],
      [2, ['192.0.2.8']],
      [3, ['192.0.2.7']],
    ])
  })

  it('are asked again where the first question was lost', async () => {
    lost.add('lost.test')
    expect((await ask('lost.test', 9))?.answers).to.have.lengthOf(1)
  })
})
