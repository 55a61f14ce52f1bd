import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { eventually } from '../eventually.ts'
import { labImage } from '../loaded-image.ts'
import { bulkBytes, newNonce, pagePath, type ProbeTask, taskScript } from './probe-task.ts'
import { imageArchive } from './probe-image.ts'

const space = `swp-test-t${process.pid}`
const probeTask: ProbeTask = { image: labImage, nonce: newNonce() }
const nonce = probeTask.nonce

interface Answer {
  readonly status: string
  readonly bytes: number
  readonly body: string
}

/** What the task's server answers, asked from within its network namespace. */
function ask(request: string): Answer {
  const program = String.raw`
socket my $socket, 2, 1, 6 or die; connect $socket, pack 'S n C4 x8', 2, 80, 127, 0, 0, 1 or die "$!\n";
syswrite $socket, $ARGV[0]; local $/; print <$socket>`
  const answer = execFileSync('ip', ['netns', 'exec', space, 'perl', '-e', program, request], {
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  return { status: head.split(' ')[1] ?? '', bytes: answer.length, body }
}

const get = (path: string): Answer => ask(`GET ${path} HTTP/1.0\r\n\r\n`)

/** The real image and script of probe tasks, without an engine. */
describe('a probe task on this machine', () => {
  let root = ''
  let task: ChildProcess | undefined

  before(async function () {
    const busybox = readdirSync('/bin').includes('busybox') ? readFileSync('/bin/busybox') : undefined
    if (
      busybox === undefined ||
      process.getuid?.() !== 0 ||
      spawnSync('ip', ['netns', 'add', space]).status !== 0
    ) {
      console.log('      skipped: needs root, iproute2 and busybox-static')
      return this.skip()
    }
    execFileSync('ip', ['-n', space, 'link', 'set', 'lo', 'up'])
    root = mkdtempSync(join(tmpdir(), 'swp-task-'))
    const archive = join(root, 'archive')
    mkdirSync(archive)
    execFileSync('tar', ['-xz', '-C', archive], { input: imageArchive(busybox, 'x86_64', labImage).bytes })
    const [{ Layers: [layer] = [''] }] = JSON.parse(readFileSync(join(archive, 'manifest.json'), 'utf8')) as [
      { Layers: string[] },
    ]
    execFileSync('tar', ['-x', '-C', root, '-f', join(archive, layer ?? '')])
    execFileSync('mknod', ['-m', '666', join(root, 'dev/urandom'), 'c', '1', '9'])
    writeFileSync(join(root, 'dev/null'), '')
    const words = ['netns', 'exec', space, 'chroot', root, '/bin/sh', '-c', taskScript({ probeNonce: nonce })]
    task = spawn('ip', words, { stdio: 'ignore' })
    await eventually({ what: 'the task answers', withinMs: 8_000, everyMs: 100 }, async () => {
      try {
        return { ready: true, value: get('/') }
      } catch (error) {
        return { ready: false, seen: String(error) }
      }
    })
  })

  after(async () => {
    for (const pid of spawnSync('ip', ['netns', 'pids', space], { encoding: 'utf8' }).stdout.split('\n'))
      if (pid !== '') process.kill(Number(pid))
    task?.kill()
    spawnSync('ip', ['netns', 'del', space])
    if (root !== '') rmSync(root, { recursive: true })
  })

  it('serves its host name and the bulk file below the nonce', () => {
    const page = get(pagePath({ probeTask }))
    expect(page.status).to.equal('200')
    expect(page.body.trim()).to.equal(execFileSync('hostname', { encoding: 'utf8' }).trim())
    expect(get(`${pagePath({ probeTask })}?a-word`).body).to.equal(page.body)
    const bulk = get(pagePath({ probeTask }, 'bulk'))
    expect(bulk.status).to.equal('200')
    expect(bulk.bytes).to.be.within(bulkBytes, bulkBytes + 1_000)
  })

  it('says nothing but that it is not there to whoever has no nonce, in fewer bytes than an answer has headers', () => {
    for (const path of [
      ...[
        '/',
        '/index.html',
        '/bulk',
        '/www/',
        '/httpd.conf',
        '/cgi-bin/',
        '/cgi-bin/x',
        '/..',
        '/../etc/passwd',
      ],
      ...[
        `/${newNonce()}/`,
        `/${nonce.slice(0, -1)}/`,
        `/${nonce.toUpperCase()}X/`,
        '/%2e%2e/etc/passwd',
        '/*',
      ],
    ]) {
      const { status, bytes, body } = get(path)
      expect(status, path).to.be.oneOf(['404', '400', '403'])
      expect(bytes, path).to.be.below(512)
      expect(body, path).to.not.include(nonce).and.to.not.match(/root:/)
    }
    for (const request of [`POST / HTTP/1.0\r\n\r\n`, 'hello\r\n\r\n', `HEAD / HTTP/1.0\r\n\r\n`]) {
      const { status, bytes, body } = ask(request)
      expect(status, request).to.not.equal('200')
      expect(bytes, request).to.be.below(512)
      expect(body).to.not.include(nonce)
    }
  })
})
