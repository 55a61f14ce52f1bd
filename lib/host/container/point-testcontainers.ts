import type { EngineEndpoint } from './engine-endpoint.ts'

/**
 * testcontainers finds its engine by the environment alone, and knows no docker contexts. Ryuk, its container that
 * removes others, would have to be pulled; labs are removed by their label instead. The host's name is given because
 * it would otherwise be asked of a container of yet another image when this process itself runs in one; nothing of ours
 * uses it, for no port is published. An engine behind SSH is given as a socket of ours: testcontainers would log in
 * without a look at the host key.
 */
export function pointTestcontainersAt({ url, socketPath, certificates }: EngineEndpoint): void {
  process.env['DOCKER_HOST'] = socketPath === undefined ? url : `unix://${socketPath}`
  if (certificates !== undefined) {
    process.env['DOCKER_TLS_VERIFY'] = '1'
    process.env['DOCKER_CERT_PATH'] = certificates
  }
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'
  process.env['TESTCONTAINERS_HOST_OVERRIDE'] ??= 'localhost'
}
