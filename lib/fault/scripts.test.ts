import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { eventually } from '../eventually.ts'
import { nativeHost } from '../host/native-host.fake.ts'
import { inBackground } from './background.ts'
import { faults } from './fault-table.ts'
import { type Chosen, recordedLab } from './recorded-lab.fake.ts'

/** Those that wait for what the swarm does of it are planted on a lab. */
const waitsForSwarm = ({ name, rejoins }: (typeof faults)[number]): boolean =>
  rejoins === true || ['gossip-cut-off', 'gossip-datagrams-dropped'].includes(name)

/** Everything a fault runs on hosts, planted and removed again. */
async function scriptsOf(fault: (typeof faults)[number], chosen: Chosen): Promise<string[]> {
  const { on, remotes } = recordedLab(chosen)
  const { remove } = await fault.plant(on)
  await remove()
  return remotes.flatMap(({ commands }) => commands)
}

/** A script without the words that stand in single quotes: what a shell may take for more than words. */
function unquoted(script: string): string {
  return script.replaceAll(/\\'|'[^']*'/g, '')
}

describe('scripts of faults', function () {
  this.timeout(60_000)
  for (const fault of faults.filter((one) => !waitsForSwarm(one))) {
    it(`of ${fault.name} are shell, and hold what others chose as words`, async () => {
      const scripts = await scriptsOf(fault, { device: 'eth2', prefix: 'swp' })
      expect(scripts).to.not.deep.equal([])
      for (const script of scripts) {
        const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' })
        expect(status, `${stderr}\n${script}`).to.equal(0)
      }
      const hostile = await scriptsOf(fault, { device: '$(injected)', prefix: "a'b;injected" })
      for (const script of hostile) expect(unquoted(script), script).not.to.contain('injected')
    })
  }
})

describe('a program in the background', () => {
  it('is given words as they are, and ends when it is told to', async () => {
    const words = ["it's", '$(id)', 'a b', '"', '-x']
    const program =
      'my $all = join "|", @ARGV; open my $out, ">", "/proc/$$/comm"; print $out "swpfault"; close $out; sleep 20'
    const host = nativeHost('here')
    const end = await inBackground(host, { program, words })
    // One that has ended stays a zombie until somebody asks after it.
    const runs = (): boolean => spawnSync('pgrep', ['-r', 'R,S,D', '-x', 'swpfault']).status === 0
    const lineOf = (): string =>
      spawnSync('pgrep', ['-f', '-a', 'swpfault'], { encoding: 'utf8' }).stdout.replaceAll('\n', ' ')
    expect(lineOf()).to.contain(`-- ${words.join(' ')}`)
    expect(runs()).to.equal(true)
    await end()
    await eventually({ what: 'it has ended', withinMs: 5000, everyMs: 50 }, async () =>
      runs() ? { ready: false, seen: 'it runs' } : { ready: true, value: undefined },
    )
  })

  it('is missed at once where it does not run', async () => {
    const error = await inBackground(nativeHost('here'), { program: 'die', words: [] }).catch(
      (e: unknown) => e,
    )
    expect(error).to.have.property('code', 'HOST_SCRIPT')
  })
})
