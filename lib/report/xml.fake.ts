/**
 * A strict little XML 1.0 parser for tests: elements, attributes, text, the five entities and character
 * references. It throws where a real parser would refuse the file.
 */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[]
  text: string
}

const legal = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

export function parseXml(xml: string): XmlElement {
  if (!legal.test(xml)) throw new Error('a character that XML 1.0 forbids')
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' }
  const open = [root]
  const rest = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '')
  const token = /<\/([\w.-]+)>|<([\w.-]+)((?:\s+[\w.-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy
  let end = 0
  for (const match of rest.matchAll(token)) {
    end = match.index + match[0].length
    const [, closed, opened, attributes = '', empty, text] = match
    const current = open.at(-1)
    if (current === undefined) throw new Error('closed too often')
    if (text !== undefined) current.text += decode(text)
    else if (closed !== undefined) {
      if (open.pop()?.name !== closed) throw new Error(`</${closed}> closes nothing`)
    } else {
      const element: XmlElement = {
        name: opened ?? '',
        attributes: attributesOf(attributes),
        children: [],
        text: '',
      }
      current.children.push(element)
      if (empty === '') open.push(element)
    }
  }
  if (end !== rest.length) throw new Error(`not XML at ${JSON.stringify(rest.slice(end, end + 40))}`)
  const [document, ...others] = root.children
  if (open.length !== 1 || document === undefined || others.length > 0) throw new Error('not one document')
  return document
}

function attributesOf(text: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [, name = '', value = ''] of text.matchAll(/([\w.-]+)="([^"]*)"/g)) {
    if (name in found) throw new Error(`attribute ${name} twice`)
    found[name] = decode(value)
  }
  return found
}

function decode(text: string): string {
  return text.replace(/&([^;\s]*);?/g, (whole, name: string) => {
    const value = name.startsWith('#')
      ? String.fromCodePoint(Number(name.slice(1).replace(/^x/, '0x')))
      : entities[name]
    if (value === undefined || !whole.endsWith(';')) throw new Error(`unknown entity ${whole}`)
    return value
  })
}
