declare const checked: unique symbol

/** An id of a run that is one folder, of a name that leads nowhere else. */
export type RunId = string & { readonly [checked]: true }

/** Ids become names of folders: a letter or digit first, so that neither `.` nor `..` nor an option is one. */
const shape = /^[A-Za-z0-9][\w.-]{0,127}$/

export function runId(text: string): RunId | undefined {
  return shape.test(text) ? (text as RunId) : undefined
}

export const runIdShape = 'a letter or digit, then up to 127 letters, digits, dots, hyphens or underscores'
