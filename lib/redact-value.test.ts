import { expect } from 'chai'
import { exampleRuns } from './report/fixtures/example-runs.fake.ts'
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
})
