import type { CounterTable } from './counter-table.ts'

/**
 * Row numbers, the most bytes first, earlier rows first among equals. Bytes and row are packed into one
 * double where both fit, because sorting numbers needs no callback.
 */
export function rowsByBytes(table: CounterTable): Float64Array {
  const { size } = table
  const keys = new Float64Array(size)
  let largest = 0
  for (let row = 0; row < size; row++) largest = Math.max(largest, table.bytes(row))
  if (largest * size > Number.MAX_SAFE_INTEGER) {
    for (let row = 0; row < size; row++) keys[row] = row
    return keys.sort((a, b) => table.bytes(b) - table.bytes(a) || a - b)
  }
  for (let row = 0; row < size; row++) keys[row] = (largest - table.bytes(row)) * size + row
  keys.sort()
  for (let index = 0; index < size; index++) keys[index]! %= size
  return keys
}
