/** Text of a thrown value, for a log. Never throws: an application can throw a value that has no text. */
export function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'something that has no text'
  }
}

/** Message of a thrown value, without the name of its class. */
export { messageOf } from '@ddp-cluster/ddp-common/internal'

/** Length at which a text of another instance is cut: it is for people, and its sender may be a pretender. */
const longestWords = 500

export const inFewWords = (text: string): string => text.slice(0, longestWords)
