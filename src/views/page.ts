/**
 * The frame around every page: one stylesheet, one optional script, landmarks, and a title that says when something is
 * wrong. Views turn data into markup and decide nothing; whoever serves them sets the headers.
 */
import type { Config } from '../config/config.ts'
import { type Asset, accountStylesheet, adminStylesheet, enhancements, stylesheet } from './assets.ts'
import { fill } from './catalogue/fill.ts'
import type { Catalogue } from './catalogue/index.ts'
import { type Html, html, type Url, url } from './html.ts'
import { gate } from './mark.ts'

/** What every page of a deployment shares, and the words for one person. */
export interface Frame {
  readonly words: Catalogue
  readonly issuer: string
  readonly deploymentName: string
}

/** What pages and mails of a deployment share, in one language. */
export const frameIn = ({ issuer, isLoopback }: Pick<Config, 'issuer' | 'isLoopback'>, words: Catalogue): Frame => ({
  words,
  issuer,
  deploymentName: isLoopback ? 'Postern' : new URL(issuer).hostname,
})

export interface PageHead {
  readonly title: string
  /** Whether the page tells of a fault: its title then begins with "Error:". */
  readonly isFault?: boolean
  /** `wide` for pages with tables or output, `settings` and `console` for those beside `navigation`; an arch otherwise. */
  readonly shape?: 'arch' | 'wide' | 'settings' | 'console'
  /** Stands before the main part. */
  readonly navigation?: Html
  /** Whether it needs the looks of the account pages too; the sign-in does not carry them. */
  readonly isAccountStyled?: boolean
  /** Instead of the enhancements that every page has. */
  readonly script?: Url
}

/** A whole document. */
export function page(frame: Frame, head: PageHead, body: Html): Html {
  const { words, issuer, deploymentName } = frame
  const isAccountStyled = head.isAccountStyled ?? (head.shape === 'settings' || head.shape === 'console')
  const prefix = head.isFault ? `${words.frame.errorPrefix} ` : ''
  return html`<!doctype html>
<html lang="${words.lang}" dir="${words.dir}">
<head>
<meta charset="utf-8">
<title>${prefix}${head.title} · ${deploymentName}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="stylesheet" href="${assetUrl(frame, stylesheet)}">
${isAccountStyled && html`<link rel="stylesheet" href="${assetUrl(frame, accountStylesheet)}">`}
${head.shape === 'console' && html`<link rel="stylesheet" href="${assetUrl(frame, adminStylesheet)}">`}
<script type="module" src="${head.script ?? assetUrl(frame, enhancements)}"></script>
</head>
<body>
<a class="skip" href="${url('#main')}">${words.frame.skip}</a>
<header>${gate}<bdi>${deploymentName}</bdi></header>
${head.navigation}
<main id="main" class="${head.shape ?? 'arch'}" tabindex="-1">
${body}
</main>
<footer>${fill(words.frame.youAreAt, { host: new URL(issuer).host })}</footer>
</body>
</html>
`
}

/** A path of ours: below the issuer's. */
export const pathUrl = ({ issuer }: Pick<Frame, 'issuer'>, path: string): Url =>
  url(`${new URL(issuer).pathname.replace(/\/$/, '')}${path}`)

/** Where a page finds an asset, with the version that may be cached for good. */
export const assetUrl = (frame: Frame, asset: Asset): Url => pathUrl(frame, `${asset.path}?v=${asset.version}`)
