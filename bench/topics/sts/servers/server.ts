/** One token service with the client `app`, which has the scope `read` for `https://orders.example`. */
export interface TokenServer {
  readonly name: string
  /** The limit that it is compared with, by its name; absent on limits. */
  readonly limit?: string
  /** Whether our target holds for it. */
  readonly isOurs?: boolean
  /** Whether ours has to be ahead of it. */
  readonly isPeer?: boolean
  /** Starts on a free port of loopback, with files in the folder, and answers with its token endpoint. */
  listen(folder: string): Promise<string>
}

export const secret = 'b3JkZXJzLWFuZC1wYXltZW50cy1hbmQtc28tb24'
export const audience = 'https://orders.example'
export const form: string = new URLSearchParams({
  grant_type: 'client_credentials',
  scope: 'read',
  resource: audience,
}).toString()
