/** HTTP answer: a status, headers, and a value that becomes JSON. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Becomes JSON; none with 204. */
  readonly body?: object
  /** Instead of `body`: what is written already. */
  readonly text?: AnswerText
}

/** Body that is sent as it is, with its type and length. */
export interface AnswerText {
  readonly content: string
  readonly headers: Readonly<Record<string, string>>
}

/** The bodies are Rocket.Chat's, word by word: its clients look at them. */
export const notLoggedIn: Answer = { status: 401, body: { status: 'error', message: 'You must be logged in to do this.' } }
/** Rocket.Chat 6 says `success` in every answer. */
export const notLoggedInTo6: Answer = { status: 401, body: { success: false, status: 'error', message: 'You must be logged in to do this.' } }
export const notAllowed: Answer = { status: 403, body: { success: false, error: 'unauthorized' } }
export const wrongMethod: Answer = { status: 405, headers: { allow: 'GET, HEAD, OPTIONS' }, body: { status: 'error', message: 'API endpoint does not exist' } }
export const notFound: Answer = { status: 404, body: { status: 'error', message: 'API endpoint does not exist' } }
export const unavailable: Answer = { status: 503, body: { success: false, error: 'Service unavailable' } }
export const failed: Answer = { status: 500, body: { success: false, error: 'Internal server error' } }

/** Rocket.Chat's words for who asks too often. */
export function tooMany(resetAfterMs: number): Answer {
  const seconds = Math.ceil(resetAfterMs / 1000)
  const error = `Error, too many requests. Please slow down. You must wait ${seconds} seconds before trying this endpoint again. [error-too-many-requests]`
  return { status: 429, headers: { 'retry-after': String(seconds) }, body: { success: false, error } }
}
