import { fillText } from '../catalogue/fill.ts'
import type { Catalogue } from '../catalogue/index.ts'

type Pattern = readonly [name: string, pattern: RegExp]

/** A browser that is built on another names both, so the more particular comes first. */
const BROWSERS: readonly Pattern[] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\b(?:OPR|Opera|OPiOS)\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Vivaldi', /\bVivaldi\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|CriOS|Chromium)\//],
  ['Safari', /\bVersion\/[\d.]+.*\bSafari\//],
]
const SYSTEMS: readonly Pattern[] = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b|\bMacintosh\b/],
  ['Linux', /\bLinux\b|\bX11\b/],
]

/**
 * A browser and its system in words, from the User-Agent that it sent. RFC 9110 §10.1.5. Good for recognising one's own
 * device, and for nothing else: anybody can send any.
 */
export function deviceInWords(userAgent: string, { sessions: { device } }: Catalogue): string {
  const browser = nameIn(BROWSERS, userAgent)
  const system = nameIn(SYSTEMS, userAgent)
  if (browser !== undefined && system !== undefined) return fillText(device.both, { browser, system })
  if (browser !== undefined) return fillText(device.browserOnly, { browser })
  return system === undefined ? device.neither : fillText(device.systemOnly, { system })
}

const nameIn = (patterns: readonly Pattern[], userAgent: string): string | undefined =>
  patterns.find(([, pattern]) => pattern.test(userAgent))?.[0]
