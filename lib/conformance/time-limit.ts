/**
 * Longest a requirement may take unless somebody says otherwise, in ms. It only ends what hangs: waits within a
 * requirement have bounds of their own. On emulated hosts that share two busy processors OVL-12 was seen to take 180 s.
 */
export const defaultTimeLimitMs = 300_000
