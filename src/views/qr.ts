import { type Html, html } from './html.ts'

/** The modules of a QR code, row by row; true is dark. */
export type QrModules = ReadonlyArray<readonly boolean[]>

/** ISO/IEC 18004 §6.3.8: scanners need this many light modules around it. */
const QUIET_ZONE = 4

/** A QR code as one path on a white ground, dark on light in both themes, as scanners expect it. */
export function qrSvg(modules: QrModules, label: string): Html {
  const size = modules.length + 2 * QUIET_ZONE
  return html`<svg id="qr" class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path fill="#000" d="${pathOf(modules)}"/></svg>`
}

/** Each run of dark modules of a row is one rectangle. */
const pathOf = (modules: QrModules): string =>
  modules
    .flatMap((row, y) =>
      runsOf(row).map(([x, length]) => `M${x + QUIET_ZONE} ${y + QUIET_ZONE}h${length}v1h-${length}z`),
    )
    .join('')

function runsOf(row: readonly boolean[]): ReadonlyArray<readonly [number, number]> {
  const starts = row.flatMap((isDark, x) => (isDark && !row[x - 1] ? [x] : []))
  return starts.map((x) => {
    const end = row.indexOf(false, x)
    return [x, (end === -1 ? row.length : end) - x] as const
  })
}
