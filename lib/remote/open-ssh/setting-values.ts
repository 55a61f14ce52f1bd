/** `none` and 0 ask for no limit. */
export function secondsOf(text: string | undefined): number | undefined {
  const seconds = Number(text ?? NaN)
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined
}

export function isNone(text: string): boolean {
  return /^none$/i.test(text)
}

/** `ssh -G` prints some flags as yes and no, others as true and false. */
export function isYes(text: string | undefined): boolean {
  return text === 'yes' || text === 'true'
}

export function isNo(text: string): boolean {
  return ['no', 'false', 'off'].includes(text)
}
