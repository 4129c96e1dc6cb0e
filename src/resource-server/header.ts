import type { IncomingHttpHeaders } from 'node:http'

/** A header as one text; of several lines, one list. RFC 9110 §5.2 */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'object' ? value.join(', ') : value
}
