declare const plain: unique symbol

/** A name that is one file or folder of the folder it is looked for in, and never leads out of it. */
export type PlainName = string & { readonly [plain]: true }

export function plainName(text: string): PlainName | undefined {
  return text === '' || text === '.' || text === '..' || /[/\\\p{Cc}]/u.test(text)
    ? undefined
    : (text as PlainName)
}
