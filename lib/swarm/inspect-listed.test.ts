import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { nativeHost } from '../host/native-host.fake.ts'
import { sh } from '../script.ts'
import type { Cluster, ClusterNode } from './cluster.ts'
import { dockerLines } from './docker.ts'
import { inspectListed } from './inspect-listed.ts'
import { readNetworkViews } from './network-view.ts'
import { listIngress, removeIngress } from './swarm-networks.ts'

const recorded = JSON.parse(
  readFileSync(new URL('fixtures/operator-objects.json', import.meta.url), 'utf8'),
) as { readonly named: Readonly<Record<string, { readonly lines: readonly string[] }>> }

/**
 * A client of docker over files, one for each object that stands, by kind and id. It says of several what it finds, and
 * ends with an error about the others, as the client does (docker/cli, cli/command/inspect). `once` is done when it is
 * first to inspect objects of that kind.
 */
const client = `#!/bin/sh
case $1 in network | service | node) kind=$1 ;; *) kind=task ;; esac
state=$(dirname "$0")/state
[ ! -e "$state/down" ] || { echo 'Cannot connect to the Docker daemon' >&2; exit 1; }
case "$1 $2" in
  *' ls') ls "$state/$kind"; exit ;;
  'service ps') kind=service; listing=1 ;;
esac
if [ -e "$state/once-$kind" ] && [ -z "$listing" ]; then . "$state/once-$kind"; rm -f "$state/once-$kind"; fi
code=0
for id; do
  case $id in inspect | ps | ls | network | service | node | task | -* | *[{=]*) continue ;; esac
  if [ ! -e "$state/$kind/$id" ]; then echo "Error: No such $kind: $id" >&2; code=1
  elif [ "$listing" = 1 ]; then ls "$state/task"; listing=2
  elif [ -z "$listing" ]; then cat "$state/$kind/$id" || code=1; fi
done
exit $code
`

describe('inspecting all that is listed', () => {
  let folder: string
  let cluster: Cluster
  const path = (...names: string[]): string => join(folder, 'state', ...names)
  const run = async (script: ReturnType<typeof sh>): Promise<void> => {
    const { exitCode, stderr } = await cluster.manager.host.remote.exec(script)
    expect(exitCode, stderr).to.equal(0)
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'swp-listed-'))
    writeFileSync(join(folder, 'docker'), client)
    chmodSync(join(folder, 'docker'), 0o755)
    const native = nativeHost('manager')
    const host = {
      ...native,
      remote: {
        ...native.remote,
        exec: (script, options) =>
          native.remote.exec(
            sh`PATH=${folder}:$PATH
${script}`,
            options,
          ),
      } satisfies typeof native.remote,
    }
    const node = { nodeId: 'n1', host } as unknown as ClusterNode
    cluster = { nodes: [node], manager: node, dataPathPort: 4789 }
    await run(sh`mkdir -p ${['network', 'service', 'task', 'node'].map((kind) => path(kind))}`)
    const kinds = { network: 'networkFormat', service: 'serviceFormat', task: 'taskFormat' }
    for (const [kind, format] of Object.entries(kinds))
      for (const line of recorded.named[format]?.lines ?? []) {
        const { Id, ID = Id } = JSON.parse(line) as { Id?: string; ID?: string }
        writeFileSync(path(kind, ID ?? ''), `${line}\n`)
      }
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const goesOnce = (kind: string, id: string): void =>
    writeFileSync(path(`once-${kind}`), `rm -f ${path(kind, id)}\n`)
  /** One that its owner removes in between. */
  const passing = (kind: string, format: string): string => {
    const [line = ''] = recorded.named[format]?.lines ?? []
    const id = 'z'.repeat(25)
    const was = JSON.parse(line) as { Id?: string; ID?: string }
    writeFileSync(path(kind, id), `${line.replaceAll(was.Id ?? was.ID ?? '', id)}\n`)
    goesOnce(kind, id)
    return id
  }

  it('leaves out what others removed in between, and nothing else', async () => {
    const kinds = ['network', 'service'].map((kind) => ({
      list: sh`docker ${kind} ls -q`,
      inspect: sh`docker ${kind} inspect`,
    }))
    const read = () => dockerLines(cluster.manager.host, inspectListed(...kinds))
    const before = await read()
    expect(before.length).to.be.above(2)
    passing('network', 'networkFormat')
    passing('service', 'serviceFormat')
    expect(await read()).to.deep.equal(before)
  })

  it('leaves it out of what each node sees, too', async () => {
    await run(sh`rm ${path('network')}/*`)
    for (const line of recorded.named['networkViewFormat']?.lines ?? [])
      writeFileSync(path('network', (JSON.parse(line) as { Id: string }).Id), `${line}\n`)
    const before = await readNetworkViews(cluster)
    const id = passing('network', 'networkViewFormat')
    const views = await readNetworkViews(cluster)
    expect(views.get('manager')?.map((view) => view.id)).to.not.include(id)
    expect([...views]).to.deep.equal([...before])
  })

  it('fails where one that is listed is not shown', async () => {
    const id = passing('network', 'networkFormat')
    writeFileSync(path('once-network'), `rm ${path('network', id)}; mkdir ${path('network', id)}\n`)
    const error = await listIngress(cluster).catch((thrown: unknown) => thrown)
    expect(error).to.have.property('code', 'DOCKER_FAILED')
  })

  it('takes no engine that does not answer for one that has nothing', async () => {
    writeFileSync(path('down'), '')
    for (const ask of [readNetworkViews, listIngress]) {
      const error = await ask(cluster).catch((thrown: unknown) => thrown)
      expect(error).to.have.property('code', 'DOCKER_FAILED')
      expect(String(error)).to.contain('Cannot connect')
    }
    const removed = await removeIngress(cluster.manager.host, new AbortController().signal).catch(
      (thrown: unknown) => thrown,
    )
    expect(removed).to.have.property('code', 'DOCKER_FAILED')
  })
})
