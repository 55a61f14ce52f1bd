import { Option } from 'commander'
import { defaultTimeLimitMs } from '../conformance/time-limit.ts'
import { parseDuration } from './duration.ts'

export function timeLimitOption(): Option {
  return new Option('--timeout <duration>', 'longest a single requirement may take, e.g. 90s, 3m')
    .argParser(parseDuration)
    .default(defaultTimeLimitMs, `${defaultTimeLimitMs / 60_000}m`)
}
