import { recorded } from './recorded.fake.ts'

const wanted = /^\/proc\/(stat|uptime|loadavg|net\/softnet_stat|pressure\/cpu|sys\/kernel\/random\/boot_id):/
const proc = recorded('conditions-of-a-node', 'proc-files.txt')
  .split('\n')
  .filter((line) => wanted.test(line))

/** Seconds since it was recorded, and of these that it was busy and idle; in per cent, how long tasks waited. */
type Passed = Readonly<Record<'seconds' | 'busy' | 'idle' | 'waiting', number>>

/** Files of /proc as the recorded node would show them some time later; the rest of that time it did not run at all. */
export function procAfter({ seconds, busy, idle, waiting }: Passed): string {
  return proc
    .map((line) =>
      line
        .replace(/^(\/proc\/uptime:)610.57/, `$1${(610.57 + seconds).toFixed(2)}`)
        .replace(/^(\/proc\/pressure\/cpu:some avg10=)3.88/, `$1${waiting.toFixed(2)}`)
        .replace(
          /^(\/proc\/stat:cpu {2})4322 (.*) 47953 /,
          `$1${4322 + Math.round(busy * 100)} $2 ${47953 + Math.round(idle * 100)} `,
        ),
    )
    .join('\n')
}
