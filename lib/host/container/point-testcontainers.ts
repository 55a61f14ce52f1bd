import type { EngineEndpoint } from './engine-endpoint.ts'

/**
 * testcontainers finds its engine by the environment alone, and knows no docker contexts. Ryuk, its container that
 * removes others, would have to be pulled; labs are removed by their label instead. The host's name is given because
 * it would otherwise be asked of a container of yet another image when this process itself runs in one, and because
 * it refuses an engine behind SSH without it; nothing of ours uses it, for no port is published.
 */
export function pointTestcontainersAt({ url, certificates }: EngineEndpoint): void {
  process.env['DOCKER_HOST'] = url
  if (certificates !== undefined) {
    process.env['DOCKER_TLS_VERIFY'] = '1'
    process.env['DOCKER_CERT_PATH'] = certificates
  }
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'
  process.env['TESTCONTAINERS_HOST_OVERRIDE'] ??= 'localhost'
}
