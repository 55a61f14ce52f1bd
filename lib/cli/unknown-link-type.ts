import { linkTypeName } from '../packet/link-type.ts'

export function unknownLinkType(linkType: number, packets: number): string {
  return `${packets} packets of link type ${linkTypeName(linkType)}, which is not decoded: counted as malformed`
}
