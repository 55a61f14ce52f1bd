import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nativeHost } from '../host/native-host.fake.ts'
import type { Cluster, ClusterNode } from './cluster.ts'

/** Body of an answer to a GET, by path without its query, or its status with the words of a refusal. */
export type EngineAnswers = Readonly<
  Record<string, readonly unknown[] | null | { status: number; message: string }>
>

/** A cluster of this machine, on which `docker system dial-stdio` leads to an engine that gives these answers, in chunks. */
export class AnsweringEngine implements Disposable {
  readonly cluster: Cluster
  /** Where `docker` is. */
  readonly folder = mkdtempSync(join(tmpdir(), 'swp-engine-'))

  constructor(answers: EngineAnswers) {
    this.writeClient(`#!${process.execPath}
const { createServer } = require('node:http')
const { Duplex } = require('node:stream')
const answers = ${JSON.stringify(answers)}
if (process.argv.slice(2).join(' ') !== 'system dial-stdio') process.exit(125)
createServer((asked, response) => {
  const path = asked.url.split('?')[0]
  const answer = path in answers ? answers[path] : { status: 404, message: 'page not found' }
  response.statusCode = answer?.status ?? 200
  const text = JSON.stringify(answer)
  for (let at = 0; at < text.length; at += 1000) response.write(text.slice(at, at + 1000))
  response.end()
}).emit('connection', Duplex.from({ readable: process.stdin, writable: process.stdout }))
`)
    const path = `PATH=${this.folder}:${process.env['PATH'] ?? ''}`
    const host = nativeHost('manager', ['/usr/bin/env', path, '/bin/sh', '-c'])
    const node = { nodeId: 'n1', host } as unknown as ClusterNode
    this.cluster = { nodes: [node], manager: node, dataPathPort: 4789 }
  }

  writeClient(text: string): void {
    writeFileSync(join(this.folder, 'docker'), text)
    chmodSync(join(this.folder, 'docker'), 0o755)
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true })
  }
}
