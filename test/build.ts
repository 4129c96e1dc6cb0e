// `npm run build [folder]`: the package as it is published. It has the shape of this tree (src, migrations), so every file
// finds its neighbours by the same relative paths, compiled or not.
import { spawnSync } from 'node:child_process'
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { extname, join, resolve, sep } from 'node:path'

const root = join(import.meta.dirname, '..')
const SHIPPED_AS_THEY_ARE = ['migrations', 'README.md', 'LICENSE', 'SECURITY.md', 'CHANGELOG.md', '.env.example']

interface Manifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly dependencies: Readonly<Record<string, string>>
}

/** Compiles the sources and lays everything that a release needs into one folder, which is emptied first. */
async function build(folder: string): Promise<void> {
  if (`${root}${sep}`.startsWith(`${folder}${sep}`))
    throw new Error('the build would empty the folder that it is made from')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const parameters = [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', folder]
  if (spawnSync(process.execPath, parameters, { stdio: 'inherit' }).status !== 0) process.exit(1) // it has said why
  await cp(join(root, 'src'), join(folder, 'src'), { recursive: true, filter: (path) => extname(path) !== '.ts' })
  await chmod(join(folder, 'src', 'postern.mjs'), 0o755)
  for (const name of SHIPPED_AS_THEY_ARE) await copyIfThere(name, folder)
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(await publishedManifest(), null, 2)}\n`)
}

const copyIfThere = (name: string, folder: string): Promise<void> =>
  cp(join(root, name), join(folder, name), { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })

/** The manifest for the registry: without what only this tree needs, such as the Node that npm brings along. */
async function publishedManifest(): Promise<object> {
  const { name, version, description, license, dependencies }: Manifest = JSON.parse(
    await readFile(join(root, 'package.json'), 'utf8'),
  )
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    bin: { postern: 'src/postern.mjs' },
    exports: {
      './resource-server': entryPoint('index'),
      './resource-server/express': entryPoint('express'),
      './resource-server/fastify': entryPoint('fastify'),
      './resource-server/fetch': entryPoint('fetch'),
      './package.json': './package.json',
    },
    engines: { node: '>=24' },
    dependencies,
  }
}

const entryPoint = (file: string) => ({
  types: `./src/resource-server/${file}.d.ts`,
  default: `./src/resource-server/${file}.js`,
})

await build(resolve(process.argv[2] ?? join(root, 'dist')))
