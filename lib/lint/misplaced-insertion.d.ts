export function misplacedInsertion(
  parts: readonly string[],
): { readonly index: number; readonly where: string } | undefined
