import type { Remote } from '../remote/remote.ts'
import type { HostFacts } from './host-facts.ts'
import type { InventoryHost } from './inventory.ts'

/** A host that is connected and has said what it is. */
export interface KnownHost {
  readonly inventory: InventoryHost
  readonly remote: Remote
  readonly facts: HostFacts
}
