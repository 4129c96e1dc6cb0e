#!/usr/bin/env node
// The door that any Node can open: it says what is missing where Node is too old to run the rest, sizes the thread pool,
// and hands over. Plain JavaScript in old spelling, because an old Node must be able to read it.
import fs from 'node:fs'
import module from 'node:module'
import os from 'node:os'

const REQUIRED_MAJOR = 24

if (Number.parseInt(process.versions.node, 10) < REQUIRED_MAJOR) {
  process.stderr.write(
    `Postern needs Node ${REQUIRED_MAJOR} or later; this is Node ${process.versions.node} on ${process.platform} ${process.arch}.\n` +
      'On Linux x64 and arm64, `npm ci` in the source tree brings Node 24: start with `npm start` or `npx postern`.\n' +
      'Elsewhere, install Node 24 or later from nodejs.org or your package manager.\n',
  )
  process.exitCode = 1
} else {
  // Signing and password hashing share this pool; more threads than cores only lengthen the waits. libuv reads the variable
  // when the pool gets its first work, and loading this file gives it none.
  if (process.env.UV_THREADPOOL_SIZE === undefined) process.env.UV_THREADPOOL_SIZE = String(os.availableParallelism())
  module.enableCompileCache() // later starts read what this one compiled; where that cannot be kept, nothing is lost
  const main = ['./main.ts', './main.js'].find((path) => fs.existsSync(new URL(path, import.meta.url)))
  await import(main)
}
