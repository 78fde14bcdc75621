/** What was thrown, as text for a log. Never throws itself: an application can throw what has no text. */
export function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'something that has no text'
  }
}

/** The same without the name of the error's class, for messages that go on. */
export { messageOf } from '@ddp-cluster/ddp-common/internal'

/** What another instance, or who pretends to be one, has to say is for people: more of it is cut. */
const longestWords = 500

export const inFewWords = (text: string): string => text.slice(0, longestWords)
