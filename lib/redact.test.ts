import { expect } from 'chai'
import { redact } from './redact.ts'

const body = 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2'

describe('redact', () => {
  const secrets: Readonly<Record<string, string>> = {
    'join token': 'SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl-1awxwuwd3z9j1z3puu7rcgdbx',
    'unlock key': 'SWMKEY-1-7c37Cc8654o6p38HnroywCi19pllOnGtbdZEgtKxZu8',
    'private key': `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----`,
    'private key cut off below': `-----BEGIN RSA PRIVATE KEY-----\n${body}`,
    'private key cut off above': `${body}\n${body}\n-----END PRIVATE KEY-----`,
    'xfrm key': 'aead rfc4106(gcm(aes)) 0x4f1c2b3a4f1c2b3a4f1c2b3a4f1c2b3a4f1c2b3a 64',
    'bare hexadecimal key': 'key=0x4f1c2b3a4f1c2b3a4f1c2b3a4f1c2b3a4f1c2b3a',
  }
  for (const [name, secret] of Object.entries(secrets)) {
    it(`removes a ${name} and keeps what stands around it`, () => {
      const clean = redact(`before\n${secret}`)
      expect(clean).to.match(/^before\n/)
      expect(clean).to.contain('redacted')
      for (const piece of [body, '4f1c2b3a', '3pu6hszjas', '7c37Cc8654']) expect(clean).not.to.contain(piece)
    })
  }

  it('keeps SPIs, digests and network ids', () => {
    const text =
      'spi 0xd0c4e3a1 sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 abcdef0123'
    expect(redact(text)).to.equal(text)
  })

  it('takes time in proportion to the text, also where it is all base64', () => {
    const text = `${'QUJD'.repeat(16)}\n`.repeat(20_000)
    const began = process.cpuUsage()
    expect(redact(text)).to.equal(text)
    expect(redact(`${text}-----END PRIVATE KEY-----`)).to.contain('(redacted private key)')
    expect(process.cpuUsage(began).user / 1000, 'ms').to.be.below(2000)
  })
})
