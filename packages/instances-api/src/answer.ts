/** What goes back over HTTP: a status, headers, and a value that becomes JSON. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: object
}

/** The bodies are Rocket.Chat's, word by word: its clients look at them. */
export const notLoggedIn: Answer = { status: 401, body: { status: 'error', message: 'You must be logged in to do this.' } }
export const notAllowed: Answer = { status: 403, body: { success: false, error: 'unauthorized' } }
export const wrongMethod: Answer = { status: 405, headers: { allow: 'GET' }, body: { status: 'error', message: 'API endpoint does not exist' } }
export const notFound: Answer = { status: 404, body: { status: 'error', message: 'API endpoint does not exist' } }
export const unavailable: Answer = { status: 503, body: { success: false, error: 'Service unavailable' } }
export const failed: Answer = { status: 500, body: { success: false, error: 'Internal server error' } }
