/**
 * What must not reach a terminal as it is: control characters (escape sequences, newlines), invisible ones and those that turn the direction of
 * writing (bidi), private and unassigned ones, halves of pairs, and separators of lines.
 */
const unsafe = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** More marks on one character would be drawn over other lines. */
const piledMarks = /(\p{M}{4})\p{M}+/gu

const mostCharacters = 500

/** Text from the database, the wire or an error, as it can be printed: what is unsafe is shown by its number, and what is very long is cut. Printing it twice changes nothing. */
export function printable(text: string): string {
  return escapeUnsafe(text.length > mostCharacters ? `${text.slice(0, mostCharacters - 1)}…` : text)
}

/** Escapes unsafe characters, without a cut. */
export function escapeUnsafe(text: string): string {
  return text.replace(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`).replace(piledMarks, '$1')
}

/** JSON with everything unsafe escaped as JSON does it: the values are the same. */
export function printableJson(value: unknown, indent?: number): string {
  // A newline in the text is of the indent: those of strings are escaped already.
  return JSON.stringify(value, undefined, indent).replace(unsafe, (character) => (character === '\n' ? character : unicodeEscapes(character)))
}

const unicodeEscapes = (character: string): string =>
  Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join('')
