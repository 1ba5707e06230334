import { hash } from 'node:crypto'

/** What the login page shows. */
export interface LoginPage {
  readonly action: string
  readonly loginId: string
  readonly clientName: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** Where the answer will go. */
  readonly destination: string
  /** What went wrong before. */
  readonly problem?: string
}

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem}
label,input{display:block;width:100%;box-sizing:border-box}input{padding:.5rem;margin:.25rem 0 1rem;font:inherit}
button{padding:.5rem 1.5rem;margin-right:.5rem;font:inherit}.problem{color:#a00}`

const styleHash = hash('sha256', style, 'base64')

/** The page where a user logs in and allows or denies, in one step: nobody stays logged in here. */
export function loginPage(page: LoginPage): string {
  const { scopes, audience, problem } = page
  return document(
    'Log in',
    `<h1>Log in</h1>
<p><strong>${escape(page.clientName)}</strong> wants to use ${escape(audience.join(', '))} in your name, and returns to
${escape(page.destination)}.</p>
${scopes.length === 0 ? '' : `<ul>${scopes.map((scope) => `<li>${escape(scope)}</li>`).join('')}</ul>`}
${problem === undefined ? '' : `<p class="problem" role="alert">${escape(problem)}</p>`}
<form method="post" action="${escape(page.action)}" autocomplete="on">
<input type="hidden" name="login" value="${escape(page.loginId)}">
<label for="username">User name</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password">
<button name="decision" value="allow">Log in and allow</button>
<button name="decision" value="deny">Deny</button>
</form>`,
  )
}

/** A page for what cannot be told to the client. */
export function problemPage(problem: string): string {
  return document('Not possible', `<h1>Not possible</h1>\n<p class="problem">${escape(problem)}</p>`)
}

function document(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>${style}</style></head><body>
${body}
</body></html>
`
}

/** The headers of every page. `destination`: where the form's answer may send the browser. */
export function pageHeaders(destination?: string): Readonly<Record<string, string>> {
  // Browsers look at form-action again when the answer to a form redirects.
  const formAction = destination === undefined ? "'none'" : `'self' ${destination}`
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      `default-src 'none'; style-src 'sha256-${styleHash}'; form-action ${formAction}; ` +
      "frame-ancestors 'none'; base-uri 'none'",
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-store',
  }
}

/** What a redirect URI's origin is called in a policy: a private scheme has none. */
export function destinationOf(redirectUri: string): string {
  const url = new URL(redirectUri)
  return url.origin === 'null' ? url.protocol : url.origin
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
}
