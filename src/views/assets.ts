import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

/** A file that pages load, to be served as it is. */
export interface Asset {
  /** Below the issuer. Stable, so that every node of a rolling upgrade answers it. */
  readonly path: string
  readonly contentType: string
  readonly body: Buffer
  /** The same bytes compressed. Pages themselves must not be: they carry a secret beside what a stranger chose (BREACH). */
  readonly gzip: Buffer
  /** The body's fingerprint: its ETag, and the `v` with which pages ask for it. Only a matching `v` may be cached for good. */
  readonly version: string
}

function asset(name: string, contentType: string, path = `/assets/${name}`): Asset {
  const body = readFileSync(new URL(`./assets/${name}`, import.meta.url))
  const version = createHash('sha256').update(body).digest('base64url').slice(0, 12)
  return { path, contentType, body, gzip: gzipSync(body, { level: 9 }), version }
}

export const stylesheet = asset('postern.css', 'text/css; charset=utf-8')
/** What the pages of an account need besides: the sign-in does not carry it. */
export const accountStylesheet = asset('account.css', 'text/css; charset=utf-8')
/** What the console needs besides. */
export const adminStylesheet = asset('admin.css', 'text/css; charset=utf-8')
export const enhancements = asset('postern.js', 'text/javascript; charset=utf-8')
export const formPoster = asset('form-post.js', 'text/javascript; charset=utf-8')
/** Browsers ask for it by themselves, so no page has to. */
const icon = asset('icon.svg', 'image/svg+xml', '/favicon.ico')

/** Every file that pages load. */
export const assets: readonly Asset[] = [stylesheet, accountStylesheet, adminStylesheet, enhancements, formPoster, icon]
