import { Option } from 'commander'
import { defaultTimeLimitMs } from '../conformance/time-limit.ts'
import { duration } from './duration.ts'

export function timeLimitOption(): Option {
  return new Option('--timeout <duration>', 'longest a single requirement may take, e.g. 90s, 3m')
    .argParser(duration)
    .default(defaultTimeLimitMs, `${defaultTimeLimitMs / 60_000}m`)
}
