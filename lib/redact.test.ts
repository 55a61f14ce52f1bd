import { expect } from 'chai'
import { mayHoldKey, redact, redactLines } from './redact.ts'

describe('redact', () => {
  it('removes join tokens, unlock keys, private keys and IPsec keys', () => {
    const body = 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ'
    const secrets = [
      'SWMTKN-1-3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl-1awxwuwd3z9j1z3puu7rcgdbx',
      'SWMKEY-1-7c37Cc8654o6p38HnroywCi19pllOnGtbdZEgtKxZu8',
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----`,
      `-----BEGIN EC PRIVATE KEY-----\\n${body}\\n-----END EC PRIVATE KEY-----`,
      'aead rfc4106(gcm(aes)) 0x5f2c1a9be0d34871aa55cc33ee1177995f2c1a9b 64',
    ]
    const clean = redact(secrets.join('\n'))
    expect(clean).to.not.match(/1awxwuwd3z9|7c37Cc8654|b3BlbnNzaC1|5f2c1a9be0d3/)
    expect(clean).to.include('rfc4106(gcm(aes)) 0x(redacted) 64')
  })

  it('removes a private key that was cut off', () => {
    expect(redact('-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg')).to.equal('(redacted private key)')
  })

  it('leaves SPIs, MAC addresses and digests alone', () => {
    const text =
      'spi 0x378b5e6f reqid 13681891(0x00d0c4e3) 02:42:0a:0a:0a:05 sha256:48c4072ae70a70e2608f3504bebfd9627'
    expect(redact(text)).to.equal(text)
  })

  it('takes time in proportion to the text, also where it is all base64', () => {
    const text = `${'QUJD'.repeat(16)}\n`.repeat(20_000)
    const began = process.cpuUsage()
    expect(redact(text)).to.equal(text)
    expect(redact(`${text}-----END PRIVATE KEY-----`)).to.contain('(redacted private key)')
    expect(process.cpuUsage(began).user / 1000, 'ms').to.be.below(2000)
  })

  it('looks closer at whatever it would change', () => {
    const key = 'A'.repeat(20)
    const texts = [
      'SWMTKN-1-3pu6-1awx',
      'SWMKEY-1-ab+/',
      '-----BEGIN PRIVATE KEY-----',
      `${key}\n-----END RSA PRIVATE KEY-----`,
      `${key}\n(redacted private key)`,
      `enc cbc(aes) 0x${'0'.repeat(16)}`,
      `0x${'f'.repeat(32)}`,
    ]
    for (const text of texts) {
      const lines = text.split('\n')
      expect(redact(text) !== text || redactLines(lines).join('\n') !== text, text).to.equal(true)
      expect(mayHoldKey(text), text).to.equal(true)
    }
    expect(mayHoldKey('spi 0xc60bc1f5, EtherType 0x88cc, SWM, KEY')).to.equal(false)
  })
})
