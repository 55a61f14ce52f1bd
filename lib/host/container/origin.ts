import type { HostOrigin } from '../origin.ts'

export const containerOrigin: HostOrigin = {
  id: 'container',
  name: 'containers',
  owned: true,
  sharesKernel: true,
}
