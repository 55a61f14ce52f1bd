import { median } from '../lib/median.ts'

/** `median 1.05, 0.98 to 1.20`. */
export function spread(values: readonly number[], digits = 2): string {
  if (values.length === 1) return `${median(values).toFixed(digits)} (once)`
  const [lowest, highest] = [Math.min(...values), Math.max(...values)]
  return `median ${median(values).toFixed(digits)}, ${lowest.toFixed(digits)} to ${highest.toFixed(digits)}`
}
