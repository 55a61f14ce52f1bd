import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { networkFields, serviceFields, taskFields } from '../api-formats.ts'
import { AnsweringEngine, type EngineAnswers } from './answering-engine.fake.ts'
import { type FieldsAsked, readFields } from './engine-fields.ts'

/** What an engine printed of an operator’s objects, whole and by template; see `operator-objects.test.ts`. */
const recorded = JSON.parse(
  readFileSync(new URL('fixtures/operator-objects.json', import.meta.url), 'utf8'),
) as {
  readonly whole: Readonly<Record<'networks' | 'services' | 'tasks', readonly unknown[]>>
  readonly named: Readonly<Record<string, { readonly lines: readonly string[] }>>
}

const ask = (path: string, fields: readonly string[], most = 100): FieldsAsked => ({ path, fields, most })

async function told<K extends string>(
  answers: EngineAnswers,
  asked: Readonly<Record<K, FieldsAsked>>,
  known?: string,
) {
  using engine = new AnsweringEngine(answers)
  return await readFields(engine.cluster.manager.host, asked, known)
}

const thrown = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error)

/** Of a list of one. */
async function taken(object: unknown, fields: readonly string[], known?: string): Promise<unknown> {
  return (await told({ '/x': [object] }, { x: ask('/x', fields) }, known)).x.objects[0]
}

describe('fields of an engine’s objects', () => {
  it('are what templates print of an operator’s, and none of what they keep in them', async () => {
    const { networks, services, tasks } = recorded.whole
    const read = await told(
      { '/networks': networks, '/services': services, '/tasks': tasks },
      {
        networks: ask('/networks', networkFields),
        services: ask('/services', serviceFields),
        tasks: ask('/tasks', taskFields),
      },
    )
    expect(JSON.stringify(read)).to.not.match(/canary/i)
    const byTemplate = (name: string): unknown[] =>
      (recorded.named[name]?.lines ?? []).map(
        (line) => JSON.parse(line.replace('"":"",', '').replace('"":""', '')) as unknown,
      )
    expect(withoutAbsent(read.networks.objects)).to.deep.equal(withoutAbsent(byTemplate('networkFormat')))
    expect(withoutAbsent(read.services.objects)).to.deep.equal(withoutAbsent(byTemplate('serviceFormat')))
    expect(withoutAbsent(read.tasks.objects)).to.deep.equal(
      withoutAbsent(byTemplate('taskFormat')).map((task, index) => ({
        ...(task as object),
        CreatedAt: (tasks[index] as { CreatedAt: string }).CreatedAt,
      })),
    )
  })

  it('keep texts, numbers and nothing as they were, wherever they stand', async () => {
    const object = {
      ...{
        text: 'a "quoted" \\ {[,]} ü \u0007',
        number: -1.5e-7,
        yes: true,
        none: null,
        empty: {},
        list: [],
      },
      deep: { a: [{ b: 'x', secret: 1 }, { secret: [['y']] }, null] },
      secret: { text: 'no', deep: { a: ['no'] } },
    }
    const { secret: _, ...wanted } = object
    expect(
      await taken(object, ['text', 'number', 'yes', 'none', 'empty/x', 'list/[]', 'deep/a/[]/b']),
    ).to.deep.equal({ ...wanted, deep: { a: [{ b: 'x' }, {}, null] } })
  })

  it('are none where something else stands in their place', async () => {
    const object = { a: { b: 'no' }, c: ['no'], d: 'no', e: 'no', f: [['no']] }
    expect(await taken(object, ['a', 'c', 'd/x', 'e/[]', 'f/[]'])).to.deep.equal({
      ...{ a: null, c: null, d: null, e: null, f: [null] },
    })
  })

  it('are by any name where asked for by any', async () => {
    expect(await taken({ a: { x: { n: 1, s: 2 }, y: { n: 3 } } }, ['a/*/n'])).to.deep.equal({
      a: { x: { n: 1 }, y: { n: 3 } },
    })
  })

  it('are, where words may be an operator’s, those alone that are known', async () => {
    const errors = ['vxlan interface: File exists', 'mount /home/secret', '']
    const read = await Promise.all(
      errors.map((Err) => taken({ Status: { Err } }, ['Status/Err/~'], 'vxlan interface.*file exists')),
    )
    expect(read).to.deep.equal([
      { Status: { Err: errors[0] } },
      { Status: { Err: null } },
      { Status: { Err: null } },
    ])
  })

  it('are those of as many objects as were asked for, and lists that are empty or nothing have none', async () => {
    const read = await told(
      { '/a': [{ n: 1 }, { n: 2 }, { n: 3 }], '/b': [], '/c': null },
      { a: ask('/a', ['n'], 2), b: ask('/b', ['n']), c: ask('/c', ['n']) },
    )
    expect(read.a).to.deep.equal({ objects: [{ n: 1 }, { n: 2 }], isCut: true })
    expect(read.b).to.deep.equal({ objects: [], isCut: false })
    expect(read.c).to.deep.equal({ objects: [], isCut: false })
  })

  it('are of an engine that answers all of them: one that refuses a list says why', async () => {
    const message = 'This node is not a swarm manager.'
    const error = await thrown(
      told({ '/a': [], '/b': { status: 503, message } }, { a: ask('/a', ['n']), b: ask('/b', ['n']) }),
    )
    expect(error).to.have.property('code', 'DOCKER_FAILED')
    expect(String(error)).to.include('GET /b').and.to.include('status 503').and.to.include(message)
  })

  it('are not made up where the client does not reach the engine, breaks off or answers something else', async () => {
    const answering = (body: string, head = `Content-Length: ${body.length}`): string =>
      `printf 'HTTP/1.1 200 OK\\r\\n%s\\r\\n\\r\\n%s' '${head}' '${body}'; cat`
    for (const [client, words] of [
      ['echo "Cannot connect to the Docker daemon" >&2; exit 1', 'Cannot connect'],
      ["printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\n[{'", 'ended the connection'],
      ["printf 'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nzz\\r\\n'; cat", 'no chunk'],
      ['echo "Password: secret"', 'no HTTP'],
      [answering('[{]secret]'), 'no name'],
      [answering('[{"n":1},null]'), 'no object'],
      [answering('[{"n":1},'), 'no object'],
      [answering('[{"n":1}'), 'no list'],
      [answering('[{"n":1}{"n":2}]'), 'no list'],
      [answering('[{"n":1}] secret'), 'more than a list'],
      [answering('['), 'no object'],
      [answering('nullish'), 'more than a list'],
      [answering('{"n":1}'), 'no list'],
      [answering('[{"n":"x'), 'no end of a text'],
      [answering('[{"n":1}]', 'Content-Length: -3'), 'no length'],
      [answering('[{"n":1}]', 'Connection: close'), 'no length'],
    ] as const) {
      using engine = new AnsweringEngine({})
      engine.writeClient(`#!/bin/sh\n${client}\n`)
      const error = await thrown(readFields(engine.cluster.manager.host, { x: ask('/x', ['n']) }))
      expect(error, client).to.have.property('code', 'DOCKER_FAILED')
      expect(String(error)).to.include(words).and.to.not.include('secret')
    }
  })

  it('come past answers that are on the way, and past texts of any number of lines', async () => {
    const lines = 'x\n'.repeat(200_000)
    expect(await taken({ Labels: { lines }, n: 1 }, ['n'])).to.deep.equal({ n: 1 })
    using engine = new AnsweringEngine({})
    engine.writeClient(`#!/bin/sh
printf 'HTTP/1.1 100 Continue\\r\\n\\r\\nHTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\n[{"n":1}]'
cat
`)
    const { x } = await readFields(engine.cluster.manager.host, { x: ask('/x', ['n']) })
    expect(x.objects).to.deep.equal([{ n: 1 }])
  })

  it('leave no client behind, whatever comes of them', async () => {
    for (const [said, ending] of [
      ['[]', ''],
      ['{"message":"no"}', '503'],
      ['nothing', ''],
    ]) {
      using engine = new AnsweringEngine({})
      const status = ending === '' ? '200 OK' : '503 Service Unavailable'
      // As the real one, which waits for its engine when its input has ended.
      engine.writeClient(`#!/bin/sh
trap '' TERM
echo $$ >${engine.folder}/pid
printf 'HTTP/1.1 ${status}\\r\\nContent-Length: ${said?.length ?? 0}\\r\\n\\r\\n%s' '${said ?? ''}'
exec sleep 30
`)
      const startedAt = performance.now()
      await thrown(readFields(engine.cluster.manager.host, { x: ask('/x', ['n']) }))
      expect(performance.now() - startedAt, 'milliseconds, of 30 000').to.be.below(15_000)
      const pid = Number(readFileSync(join(engine.folder, 'pid'), 'utf8'))
      expect(() => process.kill(pid, 0), said).to.throw('ESRCH')
    }
  })

  it('leave none behind when the time is over', () => {
    using engine = new AnsweringEngine({})
    engine.writeClient(`#!/bin/sh\necho $$ >${engine.folder}/pid\nexec sleep 30\n`)
    const program = fileURLToPath(new URL('engine-fields.pl', import.meta.url))
    const { status, stderr } = spawnSync('perl', [program, '@@', '3', 'x', 'x /x 1 n'], {
      env: { ...process.env, PATH: `${engine.folder}:${process.env['PATH'] ?? ''}` },
      encoding: 'utf8',
    })
    expect([status, stderr]).to.deep.equal([1, 'the engine does not answer within 3 s\n'])
    const pid = Number(readFileSync(join(engine.folder, 'pid'), 'utf8'))
    expect(() => process.kill(pid, 0)).to.throw('ESRCH')
  })
})

/** Templates print nothing of what an engine leaves out, or an empty list. */
function withoutAbsent(objects: readonly unknown[]): unknown[] {
  return objects.map(
    (object) =>
      JSON.parse(JSON.stringify(object), (_, value: unknown) =>
        value === null || value === '' || (Array.isArray(value) && value.length === 0) ? undefined : value,
      ) as unknown,
  )
}
