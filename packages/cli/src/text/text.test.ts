import { describe, expect, it } from 'vitest'
import { fit, line, span, textOf, widthOf } from './line.js'
import { Output } from './output.js'
import { printable, printableJson } from './printable.js'
import { redactor } from './redact.js'
import { table } from './table.js'
import { wrap } from './wrap.js'

/** Everything that a terminal obeys, or that makes a text look like another. */
const hostile = [
  '\u0000', '\u0007', '\b', '\t', '\n', '\r', '\u001b[2J', '\u001b]8;;http://x\u001b\\', '\u007f', '\u0085', '\u009b31m', '\u00ad', '\u061c', '\u200b', '\u200d', '\u200e', '\u2028', '\u2029', '\u202e',
  '\u2066', '\u2069', '\ufeff', '\ufff9', '\u{e0041}', '\ud800', '\u{10ffff}', '\u115f', '\u3164', '\ufe0f',
]

describe('text from outside', () => {
  it.each(hostile)('%j is shown by its number', (text) => {
    expect(printable(`a${text}b`)).toMatch(/^a(\\u\{[0-9a-f]+\}|[\x20-\x7e])+b$/)
    expect(printable(`a${text}b`)).toContain('\\u{')
  })

  it('is otherwise as it is, and the same when it is printed twice', () => {
    for (const text of ['plain', 'Grüße 名前 🚀 é', '\\u{1b}', ...hostile]) expect(printable(printable(text))).toBe(printable(text))
    expect(printable('Grüße 名前 🚀')).toBe('Grüße 名前 🚀')
  })

  it('is bounded, in length and in height', () => {
    expect(printable('x'.repeat(1_000_000))).toHaveLength(500)
    expect(printable(`e${'\u0301'.repeat(100)}`)).toBe(`e${'\u0301'.repeat(4)}`)
  })

  it('has the same value in JSON, in which nothing is left to be obeyed', () => {
    const value = { [hostile.join('')]: hostile }
    const json = printableJson(value, 2)
    expect(JSON.parse(json)).toEqual(value)
    expect(json).toMatch(/^[\x20-\x7e\n]*$/)
  })

  it('leaves an output as one line, whatever it holds', () => {
    const written: string[] = []
    const output = new Output({ write: (text: string) => written.push(text) }, {})
    output.lines([line(span(hostile.join(' ')))])
    output.fields(hostile)
    expect(written.map((text) => text.split('\n').length)).toEqual([2, 2])
    expect(written[1]?.split('\t')).toHaveLength(hostile.length)
  })
})

describe('secrets', () => {
  const token = 'to/k+en geheim'
  it.each([token, encodeURIComponent(token), encodeURI(token), Buffer.from(token).toString('base64')])('are taken out of everything, also as %s', (form) => {
    const clean = redactor([token])({ message: `said ${form} twice: ${form}`, list: [form], at: new Date(0), none: undefined })
    expect(clean).toEqual({ message: 'said [secret] twice: [secret]', list: ['[secret]'], at: new Date(0), none: undefined })
  })

  it('that are empty or tiny take nothing out', () => {
    expect(redactor(['', 'a'])('banana')).toBe('banana')
  })
})

describe('columns', () => {
  it('are as wide as the widest cell, counting wide characters twice', () => {
    const lines = table([['名前', 'b'], ['x', 'c']].map((row) => row.map((text) => span(text))), 80)
    expect(lines.map(textOf)).toEqual(['名前  b', 'x     c'])
  })

  it('fit the terminal: the widest gives first, none beneath its least', () => {
    const row = ['i'.repeat(17), 'n'.repeat(60)].map((text) => span(text))
    const [narrow = []] = table([row], 40, [17])
    expect(widthOf(textOf(narrow))).toBe(40)
    expect(textOf(narrow)).toMatch(/^i{17} {2}n+…$/)
  })

  it('fit() counts what is shown, not what came', () => {
    expect(fit('\u001b'.repeat(100), 20)).toHaveLength(20)
    expect(fit('名前名前', 5)).toBe('名前…')
  })
})

describe('wrap', () => {
  it('breaks between words, and a word that is too long in itself', () => {
    const lines = wrap(`some words and ${'x'.repeat(50)} more`, 20, { indent: 2 }).map(textOf)
    for (const text of lines) expect(widthOf(text)).toBeLessThanOrEqual(20)
    expect(lines.map((text) => text.trim()).join('').replaceAll(' ', '')).toBe(`somewordsand${'x'.repeat(50)}more`)
  })

  it('leaves what is not for a terminal in one line', () => {
    expect(wrap('a '.repeat(200).trim(), Number.POSITIVE_INFINITY)).toHaveLength(1)
  })
})

describe('an output', () => {
  const sink = (isTTY: boolean) => {
    const written: string[] = []
    return { written, sink: { isTTY, columns: 40, rows: 5, write: (text: string) => written.push(text) } }
  }

  it.each([
    [true, {}, true],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
    [false, {}, false],
  ])('on a terminal: %s, with %j: colours are %s', (isTTY, env, colours) => {
    const { written, sink: to } = sink(isTTY)
    new Output(to, env).lines([line(span('well', 'good'))])
    expect(written).toEqual([colours ? '\u001b[32mwell\u001b[39m\n' : 'well\n'])
  })

  it('draws over no more lines than the window has', () => {
    const { written, sink: to } = sink(true)
    const output = new Output(to, { NO_COLOR: '1' })
    for (const _ of [1, 2]) output.redraw(Array.from({ length: 9 }, (_, index) => line(`line ${index}`)))
    expect(written[0]).toBe('line 0\nline 1\nline 2\n… 6 more lines: make the window higher\n')
    expect(written[1]).toBe('\u001b[4A\u001b[J')
  })
})
