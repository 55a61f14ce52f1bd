/** How the answer of a resolver differs from what it should hold; `expected`: what each address is, by address. */
export function addressDifferences(
  answered: readonly string[],
  expected: ReadonlyMap<string, string>,
): string[] {
  const twice = [...new Set(answered.filter((address, index) => answered.indexOf(address) !== index))]
  return [
    ...[...expected]
      .filter(([address]) => !answered.includes(address))
      .map(([address, what]) => `${address} (${what}) is missing`),
    ...[...new Set(answered)]
      .filter((address) => !expected.has(address))
      .map((address) => `${address} should not be there`),
    ...twice.map((address) => `${address} is there twice`),
  ]
}
