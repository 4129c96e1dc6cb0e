import { type Html, html, url } from './html.ts'
import { type Frame, page } from './page.ts'

export interface DemoView {
  /** The app's own script, a module of ours. */
  readonly script: string
  readonly clientId: string
  readonly redirectUri: string
  /** The protected API that the app calls. */
  readonly apiUrl: string
}

/** The stage of the demo app: what a newcomer sees first, and the elements that its script works on. design.md §11 */
export const demoPage = (view: DemoView, frame: Frame): Html =>
  page(
    frame,
    { title: 'Demo', shape: 'wide', script: url(view.script) },
    html`<div id="demo" lang="en" dir="ltr" data-issuer="${frame.issuer}" data-client-id="${view.clientId}" data-redirect-uri="${view.redirectUri}" data-api-url="${view.apiUrl}">
<h1>A small app behind the gate</h1>
<p class="lead">This page is a single-page app with no server of its own. It signs you in with authorization code and PKCE, keeps its tokens in memory, and calls an API that checks them.</p>
<noscript><p class="warning">This app is made of script, and your browser runs none. The pages behind it, where you sign in and allow, work without.</p></noscript>
<p id="status" role="status">Starting…</p>
<div class="actions row">
<button id="sign-in" type="button" class="primary">Sign in</button>
<button id="sign-up" type="button">Create account</button>
<button id="renew" type="button">Renew tokens</button>
<button id="call-api" type="button">Call the API</button>
<button id="sign-out" type="button">Sign out</button>
</div>
<h2 id="tokens-title">Tokens</h2>
<pre id="tokens" tabindex="0" role="region" aria-labelledby="tokens-title" dir="ltr">None yet.</pre>
<h2 id="api-result-title">Answer of the API</h2>
<pre id="api-result" tabindex="0" role="region" aria-labelledby="api-result-title" dir="ltr">Not called yet.</pre>
</div>`,
  )
