import { narrowAudience, narrowScopes } from '../tokens/narrow.ts'
import { fromDenial, refuse } from '../oauth-error.ts'
import { issueForUser } from './user-tokens.ts'
import type { Grant, GrantContext } from './grant.ts'

/** RFC 6749 §4.3, which RFC 9700 §2.4 forbids: for old clients, and only where the configuration says so. */
export function password(context: GrantContext): Grant {
  const { users } = context
  return {
    type: 'password',
    async answer({ client, form, confirmation, address }) {
      const username = form.get('username')
      const secret = form.get('password')
      if (username === undefined || secret === undefined) {
        return refuse('invalid_request', 'The username and password parameters are required.')
      }
      if (users === undefined) return refuse('unsupported_grant_type', 'This grant type is not supported.')
      const user = await users.login(username, secret, address)
      if (!user.ok) return fromDenial(user.denial, 'The user name or the password is wrong.', 'invalid_grant')
      const scopes = narrowScopes(form.get('scope'), [client.scopes, user.value.scopes])
      if (!scopes.ok) return scopes
      const audience = narrowAudience(client.audiences, form)
      if (!audience.ok) return audience
      const content = { subject: user.value.id, audience: audience.value, scopes: scopes.value }
      return issueForUser(client, content, confirmation, context)
    },
  }
}
