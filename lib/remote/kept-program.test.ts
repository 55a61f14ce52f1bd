import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { buffer, text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { nativeHost } from '../host/native-host.fake.ts'
import { sh } from '../script.ts'
import { runKept } from './kept-program.ts'
import type { Remote, RemoteProcess } from './remote.ts'

/** This machine, and what was started there. */
function watched(): { readonly remote: Remote; readonly started: RemoteProcess[] } {
  const { remote } = nativeHost('here')
  const started: RemoteProcess[] = []
  const spawn: Remote['spawn'] = async (script, options) => {
    const process = await remote.spawn(script, options)
    started.push(process)
    return process
  }
  return { remote: { ...remote, spawn }, started }
}

const copy = 'binmode STDIN; $| = 1; while (sysread STDIN, my $bytes, 65536) { syswrite STDOUT, $bytes }'
const word = async ({ stdout }: RemoteProcess): Promise<string> => {
  for await (const chunk of stdout as AsyncIterable<Buffer>) return String(chunk).trim()
  return ''
}

describe('a program that is kept on a host', function () {
  this.timeout(40_000)

  it('is started once, and runs by itself each time, several at once', async () => {
    const { remote, started } = watched()
    const runs = await Promise.all(
      ['a', 'b', 'c'].map(() => runKept(remote, `$n += 1; print "$n\\n"; ${copy}`)),
    )
    runs.forEach(({ stdin }, index) => stdin.end(`of ${index}`))
    expect(await Promise.all(runs.map(({ stdout }) => text(stdout)))).to.deep.equal([
      ...['1\nof 0', '1\nof 1', '1\nof 2'],
    ])
    expect(await Promise.all(runs.map(({ exited }) => exited))).to.deep.equal(Array(3).fill({ exitCode: 0 }))
    const later = await runKept(remote, `$n += 1; print "$n\\n"; ${copy}`)
    later.stdin.end('')
    expect(await text(later.stdout)).to.equal('1\n')
    expect(started).to.have.lengthOf(1)
  })

  it('takes and gives every byte, as many as there are', async () => {
    const { remote } = watched()
    const content = randomBytes(3_000_000)
    const [one, other] = [await runKept(remote, copy), await runKept(remote, copy)]
    one.stdin.end(content)
    other.stdin.end(content)
    expect((await buffer(one.stdout)).equals(content)).to.equal(true)
    expect((await buffer(other.stdout)).equals(content)).to.equal(true)
  })

  it('tells how it ended, and keeps both outputs apart', async () => {
    const { remote } = watched()
    const ends = [
      ['print "out"; print STDERR "err"; exit 7', { exitCode: 7 }, 'out', /^err$/],
      ['$! = 0; die "no such thing\\n"', { exitCode: 255 }, '', /no such thing/],
      ['kill "KILL", $$; sleep 9', { exitCode: -1 }, '', /^$/],
    ] as const
    for (const [program, exit, out, err] of ends) {
      const { stdout, stderr, exited } = await runKept(remote, program)
      const said = await Promise.all([text(stdout), text(stderr)])
      expect(said[0], program).to.equal(out)
      expect(said[1], program).to.match(err)
      expect(await exited, program).to.deep.equal(exit)
    }
  })

  it('ends with its input, and is interrupted and killed where it does not, beside others that go on', async () => {
    const { remote } = watched()
    const other = await runKept(remote, copy)
    const deaf = (more: string): Promise<RemoteProcess> =>
      runKept(remote, `$| = 1; ${more} print "here\\n"; sleep 1 while 1`)
    const [soft, hard] = [await deaf(''), await deaf('$SIG{INT} = "IGNORE";')]
    expect(await Promise.all([word(soft), word(hard)])).to.deep.equal(['here', 'here'])
    const startedAt = performance.now()
    await soft.stop()
    expect(performance.now() - startedAt).to.be.within(1900, 15_000)
    expect(await soft.exited).to.deep.equal({ exitCode: -1 })
    await hard.stop()
    expect(await hard.exited).to.deep.equal({ exitCode: -1 })
    await hard.stop()
    other.stdin.end('still there')
    expect(await text(other.stdout)).to.equal('still there')
  })

  it('is not held up by a run that does not read its input', async () => {
    const { remote } = watched()
    const deaf = await runKept(remote, '$| = 1; print "here\\n"; sleep 20')
    await word(deaf)
    deaf.stdin.write(Buffer.alloc(2_000_000))
    const other = await runKept(remote, copy)
    other.stdin.end('x')
    expect(await text(other.stdout)).to.equal('x')
    await deaf.stop()
  })

  it('goes on when a reader that was slow has read what held up all runs', async () => {
    const { remote } = watched()
    const program = `my ($count, $one) = (""); while (sysread STDIN, $one, 1) { last if $one eq "\\n"; $count .= $one }
      syswrite STDOUT, "x" x 65536 for 1 .. $count; ${copy}`
    const [loud, quiet] = [await runKept(remote, program), await runKept(remote, program)]
    loud.stdin.write('100\n')
    quiet.stdin.write('0\n')
    const said = text(quiet.stdout)
    await delay(500)
    let bytes = 0
    for await (const chunk of loud.stdout as AsyncIterable<Buffer>) {
      bytes += chunk.length
      await delay(1)
      if (bytes < 6_553_600) continue
      loud.stdin.end()
      quiet.stdin.end('there')
    }
    expect(bytes).to.equal(6_553_600)
    expect(await said).to.equal('there')
  })

  it('fails its runs where a frame is none of theirs', async () => {
    for (const frame of ['7 out 5', '1 out 65537']) {
      const { remote } = watched()
      const other: Remote = { ...remote, spawn: () => remote.spawn(sh`echo ${frame}; cat >/dev/null`) }
      const { exited } = await runKept(other, copy)
      expect(await exited.catch(({ message }: Error) => message)).to.contain(`it said '${frame}'`)
    }
  })

  it('is not held up by a run that closed its outputs and goes on', async () => {
    const { remote } = watched()
    const gone = await runKept(remote, 'close STDOUT; close STDERR; sleep 8; exit 5')
    const startedAt = performance.now()
    const other = await runKept(remote, copy)
    other.stdin.end('x')
    expect(await text(other.stdout)).to.equal('x')
    expect(performance.now() - startedAt).to.be.below(6000)
    expect(await gone.exited).to.deep.equal({ exitCode: 5 })
  })

  it('that is lost ends its runs, and begins again with the next', async () => {
    const { remote, started } = watched()
    const run = await runKept(remote, copy)
    await started[0]?.stop()
    await run.exited
    const next = await runKept(remote, copy)
    next.stdin.end('again')
    expect(await text(next.stdout)).to.equal('again')
    expect(started).to.have.lengthOf(2)
  })

  it('on a host that stands still is given up, and begins again with the next run', async () => {
    const { remote, started } = watched()
    const run = await runKept(remote, `$| = 1; print "$$\\n"; ${copy}`)
    const pid = Number(await word(run))
    const parent = Number(
      / (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) \S/, ''))?.[1],
    )
    process.kill(parent, 'SIGSTOP')
    // More than all pipes on the way hold.
    run.stdin.write(Buffer.alloc(4_000_000))
    try {
      await run.stop()
      expect(await run.exited.catch((error: Error) => error.message)).to.equal(
        'it was told to end and did not within 17 s',
      )
    } finally {
      process.kill(parent, 'SIGCONT')
    }
    const next = await runKept(remote, `$| = 1; print "$$\\n"; ${copy}`)
    next.stdin.end()
    await next.exited
    expect(started).to.have.lengthOf(2)
  })

  it('passes on that its host has no perl', async () => {
    const { remote } = nativeHost('here', ['/usr/bin/env', 'PATH=/nowhere', '/bin/sh', '-c'])
    const { exited, stderr } = await runKept(remote, copy)
    expect(await text(stderr)).to.contain('perl')
    expect(await exited).to.deep.equal({ exitCode: 127 })
  })

  it('fails its runs where something else is printed, and is stopped', async () => {
    const { remote, started } = watched()
    const banner: Remote = { ...remote, spawn: () => remote.spawn(sh`echo banner; cat >/dev/null`) }
    const run = await runKept(banner, copy)
    const error = await run.exited.then(
      () => undefined,
      (reason: unknown) => reason as Error,
    )
    expect(error?.message).to.equal("it said 'banner', which is not of its protocol")
    await started[0]?.exited
  })
})
