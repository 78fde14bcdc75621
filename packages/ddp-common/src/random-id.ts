/** Meteor's `Random.id()` alphabet: no characters that look alike. */
const alphabet = '23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz'
const idPattern = new RegExp(`^[${alphabet}]{17}$`)
/** The largest multiple of the alphabet's length that a byte can hold: bytes from there on are drawn again, so that no character is likelier. */
const fairBytes = 256 - (256 % alphabet.length)

/** An unguessable id of `length` characters of Meteor's alphabet (17 characters: about 98 bits). */
export function randomId(length = 17): string {
  let id = ''
  while (id.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length + 8))) {
      if (byte < fairBytes && id.length < length) id += alphabet[byte % alphabet.length]
    }
  }
  return id
}

/** Whether `value` looks like an id that `randomId()` or Meteor's `Random.id()` made. */
export function isRandomId(value: unknown): value is string {
  return typeof value === 'string' && idPattern.test(value)
}
