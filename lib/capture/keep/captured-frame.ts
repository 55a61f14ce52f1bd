/** A frame of a capture. Its bytes are valid only while it is handed on. */
export interface CapturedFrame {
  readonly bytes: Uint8Array
  /** On the wire; the capture may hold less. */
  readonly originalBytes: number
  readonly seconds: number
  readonly nanoseconds: number
  readonly digits: number
  readonly linkType: number
  /** 1-based position in the capture. */
  readonly number: number
}
