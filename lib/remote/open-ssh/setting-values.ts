import { InputError } from '../../error.ts'
import type { Setting, Settings } from './config-lookup.ts'

/** The one that counts. */
export function first(settings: Settings, keyword: string): Setting | undefined {
  return settings.get(keyword)?.[0]
}

export function textOf(setting: Setting | undefined): string | undefined {
  return setting?.values[0]
}

export function flagOf(setting: Setting | undefined): boolean | undefined {
  const text = textOf(setting)
  if (setting === undefined || text === undefined) return undefined
  if (/^(yes|true)$/i.test(text)) return true
  if (/^(no|false)$/i.test(text)) return false
  throw valueError(setting, 'yes or no')
}

export function portOf(setting: Setting | undefined): number | undefined {
  const text = textOf(setting)
  if (setting === undefined || text === undefined) return undefined
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw valueError(setting, '1 to 65535')
  return port
}

export function countOf(setting: Setting | undefined): number | undefined {
  const text = textOf(setting)
  if (setting === undefined || text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw valueError(setting, 'a number')
  return Number(text)
}

const unitSeconds: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }

/** Seconds, or a time such as `1m30s`; undefined for `none` and 0, which ask for no limit. */
export function durationMsOf(setting: Setting | undefined): number | undefined {
  const text = textOf(setting)
  if (setting === undefined || text === undefined || /^none$/i.test(text)) return undefined
  if (!/^(\d{1,9}[smhdw]?)+$/i.test(text)) throw valueError(setting, 'seconds, or a time such as 1m30s')
  const seconds = [...text.toLowerCase().matchAll(/(\d+)([smhdw]?)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (unitSeconds[unit ?? ''] ?? 1),
    0,
  )
  return seconds === 0 ? undefined : seconds * 1_000
}

export function valueError({ keyword, values, place }: Setting, expected: string): InputError {
  return new InputError({
    code: 'SSH_CONFIG',
    what: `${place.file}:${place.line}: ${keyword} is '${values.join(' ')}'`,
    expected,
  })
}
