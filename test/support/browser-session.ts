import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { parse } from 'parse5'

/** A form as a browser would send it. */
export interface Form {
  readonly action: string
  /** What is sent when nothing is changed. */
  readonly fields: Readonly<Record<string, string>>
  /** Every name that it can send. */
  readonly names: readonly string[]
}

interface Node {
  readonly nodeName: string
  readonly value?: string
  readonly attrs?: readonly { readonly name: string; readonly value: string }[]
  readonly childNodes?: readonly Node[]
}

/** The forms of a page, with the values that their inputs have. */
export function formsOf(html: string): readonly Form[] {
  const all = (node: Node, name: string): readonly Node[] => [
    ...(node.nodeName === name ? [node] : []),
    ...(node.childNodes ?? []).flatMap((child) => all(child, name)),
  ]
  const attribute = (node: Node, name: string) => node.attrs?.find((attr) => attr.name === name)?.value
  const isUnchecked = (input: Node) =>
    ['checkbox', 'radio'].includes(attribute(input, 'type') ?? '') && attribute(input, 'checked') === undefined
  const chosen = (select: Node) => {
    const options = all(select, 'option')
    const option = options.find((one) => attribute(one, 'selected') !== undefined) ?? options[0]
    return (option && attribute(option, 'value')) ?? ''
  }
  const text = (area: Node) => (area.childNodes ?? []).map((child) => child.value ?? '').join('')
  return all(parse(html) as Node, 'form').map((form) => ({
    action: attribute(form, 'action') ?? '',
    names: ['input', 'textarea', 'select'].flatMap((kind) =>
      all(form, kind).map((one) => attribute(one, 'name') ?? ''),
    ),
    fields: Object.fromEntries([
      ...all(form, 'input')
        .filter((input) => !isUnchecked(input))
        .map((input) => [attribute(input, 'name') ?? '', attribute(input, 'value') ?? '']),
      ...all(form, 'textarea').map((area) => [attribute(area, 'name') ?? '', text(area)]),
      ...all(form, 'select').map((select) => [attribute(select, 'name') ?? '', chosen(select)]),
    ]),
  }))
}

/**
 * A browser without script, speaking to the app directly: it keeps cookies, says where a form came from, and follows
 * redirects for as long as they stay with us. SameSite is honoured: what another site sends carries no Strict cookie, and no
 * Lax one either when it is a POST.
 */
export class BrowserSession {
  readonly #app: FastifyInstance
  readonly #origin: string
  readonly #remoteAddress: string
  readonly cookies = new Map<string, { readonly value: string; readonly sameSite: string }>()

  constructor(app: FastifyInstance, origin: string, remoteAddress = '198.51.100.7') {
    this.#app = app
    this.#origin = origin
    this.#remoteAddress = remoteAddress
  }

  /** Opens an address, as a link on a page of ours or (`fromElsewhere`) of another site. */
  get(url: string, options: { readonly fromElsewhere?: boolean; readonly headers?: Record<string, string> } = {}) {
    return this.#send('GET', url, undefined, options.fromElsewhere ?? false, options.headers ?? {})
  }

  /** Sends a form from a page of ours. */
  post(url: string, fields: Readonly<Record<string, string>>, headers: Record<string, string> = {}) {
    return this.#send('POST', url, fields, false, { origin: this.#origin, ...headers })
  }

  /** Sends a form from another site. */
  postFromElsewhere(url: string, fields: Readonly<Record<string, string>>) {
    return this.#send('POST', url, fields, true, { origin: 'https://elsewhere.example' })
  }

  /** Fills in the form of a page that has all these fields, the one of that `id` where there are several, and sends it. */
  submit(page: LightMyRequestResponse, fields: Readonly<Record<string, string>>) {
    const buttons = new Set(['decision', 'do'])
    const names = Object.keys(fields).filter((name) => !buttons.has(name))
    const fitting = formsOf(page.body).filter((each) => names.every((name) => each.names.includes(name)))
    const form = fitting.find((each) => each.fields.id === fields.id) ?? fitting[0]
    if (!form)
      throw new Error(
        `no form with ${names.join(', ')} on a page of status ${page.statusCode}: ${page.body.slice(0, 2000)}`,
      )
    return this.post(form.action, { ...form.fields, ...fields })
  }

  /** Follows redirects until a page, or an address that is not ours, is reached. */
  async follow(response: LightMyRequestResponse): Promise<LightMyRequestResponse> {
    const location = response.headers.location
    if (typeof location !== 'string' || !this.#isOurs(location)) return response
    return await this.follow(await this.get(location))
  }

  #isOurs(location: string): boolean {
    return location.startsWith('/') || new URL(location).origin === this.#origin
  }

  async #send(
    method: 'GET' | 'POST',
    url: string,
    fields: Readonly<Record<string, string>> | undefined,
    fromElsewhere: boolean,
    headers: Record<string, string>,
  ): Promise<LightMyRequestResponse> {
    const sent = [...this.cookies].filter(
      ([, { sameSite }]) => !fromElsewhere || (sameSite === 'Lax' && method === 'GET'),
    )
    const { host } = new URL(this.#origin)
    const response = await this.#app.inject({
      method,
      url: url.startsWith('/') ? url : url.slice(this.#origin.length),
      remoteAddress: this.#remoteAddress,
      headers: {
        host,
        accept: 'text/html',
        'user-agent': 'a browser without script',
        ...(sent.length > 0 ? { cookie: sent.map(([name, { value }]) => `${name}=${value}`).join('; ') } : {}),
        ...(fields ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        ...headers,
      },
      ...(fields ? { payload: new URLSearchParams(fields).toString() } : {}),
    })
    for (const line of [response.headers['set-cookie'] ?? []].flat()) this.#keep(line)
    return response
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ')
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals)
    const value = pair.slice(equals + 1)
    const sameSite = attributes.find((attribute) => attribute.startsWith('SameSite='))?.slice(9) ?? 'Lax'
    if (value === '' || attributes.includes('Max-Age=0')) this.cookies.delete(name)
    else this.cookies.set(name, { value, sameSite })
  }
}
