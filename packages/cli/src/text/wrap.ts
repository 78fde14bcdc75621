import { fit, type Line, span, type Style, widthOf } from './line.js'

/** `text` in lines of at most so many columns, broken between words; all but the first begin with `indent` spaces. A word that is longer than a line is broken in itself. */
export function wrap(text: string, columns: number, { indent = 0, style = 'plain' }: { readonly indent?: number; readonly style?: Style } = {}): Line[] {
  const room = Math.max(10, columns - indent)
  const lines: string[] = []
  let current = ''
  for (const word of span(text).text.split(' ').flatMap((whole) => pieces(whole, room))) {
    if (current !== '' && widthOf(`${current} ${word}`) > room) {
      lines.push(current)
      current = word
    } else {
      current = current === '' ? word : `${current} ${word}`
    }
  }
  return [...lines, current].map((content, index) => [span(index === 0 ? '' : ' '.repeat(indent)), span(content, style)])
}

function pieces(word: string, room: number): string[] {
  const found: string[] = []
  let rest = word
  while (Number.isFinite(room) && widthOf(rest) > room) {
    const head = fit(rest, room + 1).slice(0, -1)
    if (head === '') break
    found.push(head)
    rest = rest.slice(head.length)
  }
  return [...found, rest]
}
