import { expect } from 'chai'
import { exampleRuns } from './report/fixtures/example-runs.fake.ts'
import { redactLines } from './redact.ts'
import { redactJsonText, redactValue } from './redact-value.ts'

describe('redaction of a record', () => {
  it('leaves a record without secrets as it is', () => {
    for (const make of Object.values(exampleRuns)) expect(redactValue(make())).to.deep.equal(make())
  })

  it('removes a private key that spans lines of a list', () => {
    const clean = JSON.stringify(
      redactValue({ log: ['a', '-----BEGIN PRIVATE KEY-----', 'TUlJRXZ', '-----END PRIVATE KEY-----', 'b'] }),
    )
    expect(clean).to.equal(
      '{"log":["a","(redacted private key)","(redacted private key)","(redacted private key)","b"]}',
    )
  })

  it('removes secrets by the name of their key, at any depth, also as a key', () => {
    expect(
      redactValue({
        a: [{ token: 'x1', joinTokens: ['x2'], Key: 'x3', keys: 4, privateKey: 'x5', monkey: 'banana' }],
        'SWMTKN-1-abc-def': 1,
      }),
    ).to.deep.equal({
      a: [
        {
          token: '(redacted)',
          joinTokens: ['(redacted)'],
          Key: '(redacted)',
          keys: 4,
          privateKey: '(redacted)',
          monkey: 'banana',
        },
      ],
      'SWMTKN-(redacted)': 1,
    })
  })

  it('does not tear texts with line breaks apart', () => {
    expect(redactValue(['a\nb', 'c'])).to.deep.equal(['a\nb', 'c'])
  })

  it('keeps JSON JSON, and text that is none', () => {
    expect(redactJsonText('{"a":"-----BEGIN PRIVATE KEY-----","b":"c"}')).to.equal(
      '{"a":"(redacted private key)","b":"c"}',
    )
    expect(redactJsonText('no JSON: SWMTKN-1-abc-def')).to.equal('no JSON: SWMTKN-(redacted)')
  })

  it('finds the lines of a key in a list, and no others', () => {
    const body = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ'
    const gone = '(redacted private key)'
    const [begin, end] = ['-----BEGIN RSA PRIVATE KEY-----', '-----END RSA PRIVATE KEY-----']
    for (const [given, expected] of [
      [
        ['a', begin, body, 'Qw==', end, 'b'],
        ['a', gone, gone, gone, gone, 'b'],
      ],
      [
        ['a', begin, 'Proc-Type: 4,ENCRYPTED', '', body, end, 'b'],
        ['a', gone, gone, gone, gone, gone, 'b'],
      ],
      // Cut off below: what follows and is no part of it stays.
      [
        [`worker1: ${begin}`, body, 'the engine ended', 'with 1'],
        [`worker1: ${gone}`, gone, 'the engine ended', 'with 1'],
      ],
      // Cut off above.
      [
        ['a', body, body, end, 'b'],
        ['a', gone, gone, gone, 'b'],
      ],
      [
        [`${begin} ${body} ${end} after`, 'b'],
        [`${gone} after`, 'b'],
      ],
      [
        [begin, body, `${end} and SWMTKN-1-abc-def`],
        [gone, gone, `${gone} and SWMTKN-(redacted)`],
      ],
    ] as const) {
      expect(redactLines(given)).to.deep.equal(expected)
      expect(redactValue({ log: given })).to.deep.equal({ log: expected })
    }
  })
})

/** The shape of a value: its keys, the lengths of its lists, the types of what they hold. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, shapeOf(entry)]))
}

const whichText = { none: Infinity, all: -1 } as const

/** How many texts a value holds, and the same value with the text at `index` changed. */
function changed(
  value: unknown,
  index: number,
  change: (text: string) => string,
): { value: unknown; texts: number } {
  let texts = 0
  const walk = (at: unknown): unknown => {
    if (typeof at === 'string') return texts++ === index || index < 0 ? change(at) : at
    if (Array.isArray(at)) return at.map(walk)
    if (typeof at !== 'object' || at === null) return at
    return Object.fromEntries(Object.entries(at).map(([key, entry]) => [key, walk(entry)]))
  }
  return { value: walk(value), texts }
}

describe('a run in which a host said a line of a key', () => {
  const lines = [
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ',
    '\nQUJDQUJDQUJDQUJDQUJDQUJD\n-----END EC PRIVATE KEY-----',
  ]

  it('has the same shape when it is redacted, wherever that is', function () {
    this.timeout(60_000)
    for (const make of Object.values(exampleRuns)) {
      const record: unknown = JSON.parse(JSON.stringify(make()))
      const { texts } = changed(record, whichText.none, (text) => text)
      expect(texts).to.be.above(50)
      const shape = JSON.stringify(shapeOf(record))
      // All of them at once, then one after another; about forty of a record.
      const places = [
        whichText.all,
        ...Array.from({ length: 40 }, (_, index) => Math.floor((index * texts) / 40)),
      ]
      for (const place of places) {
        for (const line of lines) {
          const { value } = changed(record, place, (text) => `${text.slice(0, 9)}${line} ${text.slice(9)}`)
          const clean = redactValue(value)
          expect(JSON.stringify(shapeOf(clean)) === shape, `text ${place}`).to.equal(true)
          const stored = JSON.stringify(clean)
          expect(stored).to.not.match(/BEGIN|b3BlbnNzaC1|QUJDQUJD/)
        }
      }
    }
  })
})
