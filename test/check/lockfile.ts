// What an installation is made of: exact versions, each with the digest of its content, and from no registry in particular.
import type { Finding } from './source.ts'

interface Entry {
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly inBundle?: boolean
  readonly optionalDependencies?: Versions
}

type Versions = Readonly<Record<string, string>>

interface Manifest {
  readonly dependencies?: Versions
  readonly devDependencies?: Versions
  readonly optionalDependencies?: Versions
}

/**
 * Entries of package-lock.json that name a registry, carry no digest or lack a package for another platform: npm leaves
 * such a package out where its registry does not have it, and then refuses the file on a new clone.
 */
export function looseEntries({ packages }: { readonly packages: Readonly<Record<string, Entry>> }): readonly Finding[] {
  return Object.entries(packages).flatMap(([path, { resolved, integrity, link, inBundle, optionalDependencies }]) => {
    if (path === '' || link || inBundle) return []
    return [
      ...(resolved === undefined ? [] : [`${path} names where it came from`]),
      ...(integrity === undefined ? [`${path} has no integrity`] : []),
      ...Object.keys(optionalDependencies ?? {})
        .filter((name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages))
        .map((name) => `${path} is there without ${name}`),
    ].map((message) => ({ file: 'package-lock.json', line: 1, message }))
  })
}

const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/

/** Packages that package.json asks for by a range. */
export const loosePins = ({ dependencies, devDependencies, optionalDependencies }: Manifest): readonly Finding[] =>
  Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    .filter(([, version]) => !EXACT.test(version))
    .map(([name, version]) => ({ file: 'package.json', line: 1, message: `${name} ${version} is no exact version` }))
