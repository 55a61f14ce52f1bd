import type { Section } from '../remote/sections.ts'

/** Moby skips its own tests of overlays there: “rootless mode doesn't support overlay networks”. */
export const rootless = {
  what: 'it runs in rootless mode, which does not support overlay networks',
  hint: 'run the engine as root: dockerd-rootless-setuptool.sh uninstall, then systemctl enable --now docker',
} as const

/** Among what `docker info` lists. */
export function isRootless(securityOptions: readonly string[] = []): boolean {
  return securityOptions.some((option) => option.startsWith('name=rootless'))
}

/**
 * Why an engine is a rootless one that facts could not be read of: it answered a user who is not root, or root found none
 * at its own socket while one runs as somebody else.
 */
export function rootlessSeen(sections: readonly Section[]): string | undefined {
  const linesOf = (wanted: string): readonly string[] =>
    sections.filter(({ name }) => name === wanted).flatMap(({ lines }) => lines)
  if (linesOf('info').some((line) => line.includes('"name=rootless'))) return rootless.what
  const users = linesOf('engine-users').filter((user) => /^\d+$/.test(user))
  return users.length === 0
    ? undefined
    : `${rootless.what}: none answers root, and dockerd runs as user id ${[...new Set(users)].join(', ')}`
}
