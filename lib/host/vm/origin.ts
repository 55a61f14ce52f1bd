import type { HostOrigin } from '../origin.ts'

export const machineOrigin: HostOrigin = {
  id: 'vm',
  name: 'virtual machines',
  owned: true,
  sharesKernel: false,
}
