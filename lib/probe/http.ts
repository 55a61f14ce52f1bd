/** Request bytes for `TcpRequest.request`. HTTP/1.0: the server closes, and so the reply has an end. */
export function httpGet(path: string, host = 'localhost'): Uint8Array {
  return Buffer.from(`GET ${path} HTTP/1.0\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
}

export interface HttpReply {
  readonly status: number
  /** As far as it was kept: `Observation.replies` holds the first 4 096 bytes, headers included. */
  readonly body: Buffer
  /** Of status line and headers, with the empty line; `replyBytes` minus this is the body's length. */
  readonly headerBytes: number
}

/** Reads a reply; undefined if it is not HTTP or its headers are not complete. */
export function httpReply(reply: Buffer): HttpReply | undefined {
  const end = reply.indexOf('\r\n\r\n')
  const status = /^HTTP\/\d\.\d (\d{3})/.exec(reply.subarray(0, 64).toString('latin1'))?.[1]
  if (end === -1 || status === undefined) return undefined
  return { status: Number(status), body: reply.subarray(end + 4), headerBytes: end + 4 }
}

/** The body as text; undefined if the reply is not HTTP or its headers are not complete. */
export function httpBody(reply: Buffer | undefined): string | undefined {
  return reply === undefined ? undefined : httpReply(reply)?.body.toString('utf8')
}
