// What an installation is made of: exact versions, each with the digest of its content, and from no registry in particular.
import type { Finding } from './source.ts'

interface Entry {
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly inBundle?: boolean
}

type Versions = Readonly<Record<string, string>>

interface Manifest {
  readonly dependencies?: Versions
  readonly devDependencies?: Versions
  readonly optionalDependencies?: Versions
}

/** Entries of package-lock.json that name a registry or carry no digest. */
export function looseEntries(lockfile: { readonly packages: Readonly<Record<string, Entry>> }): readonly Finding[] {
  return Object.entries(lockfile.packages).flatMap(([path, { resolved, integrity, link, inBundle }]) => {
    if (path === '' || link || inBundle) return []
    return [
      ...(resolved === undefined ? [] : [`${path} names where it came from`]),
      ...(integrity === undefined ? [`${path} has no integrity`] : []),
    ].map((message) => ({ file: 'package-lock.json', line: 1, message }))
  })
}

const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/

/** Packages that package.json asks for by a range. */
export const loosePins = ({ dependencies, devDependencies, optionalDependencies }: Manifest): readonly Finding[] =>
  Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    .filter(([, version]) => !EXACT.test(version))
    .map(([name, version]) => ({ file: 'package.json', line: 1, message: `${name} ${version} is no exact version` }))
