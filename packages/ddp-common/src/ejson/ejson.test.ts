import { describe, expect, it } from 'vitest'
import { EJSON } from './ejson.js'
import { EJSONError } from './ejson-error.js'
import { Decimal, ObjectId } from './mongo-types.js'

class Point {
  readonly x: number
  constructor(x: number) { this.x = x }
  typeName(): string { return 'ejson.test.Point' }
  toJSONValue(): unknown { return { x: this.x } }
}
EJSON.addType('ejson.test.Point', (value) => {
  const { x } = value as { x: unknown }
  if (typeof x !== 'number') throw new TypeError('A Point has an x')
  return new Point(x)
})

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return error instanceof EJSONError ? error.code : String(error)
  }
  return 'nothing was thrown'
}

describe('EJSON on the wire', () => {
  it.each([
    [new Date(1_700_000_000_000), '{"$date":1700000000000}'],
    [new Date(Number.NaN), '{"$date":null}'],
    [new Uint8Array([0, 255, 62, 63]), '{"$binary":"AP8+Pw=="}'],
    [new Uint8Array(0), '{"$binary":""}'],
    [Number.NaN, '{"$InfNaN":0}'],
    [Number.POSITIVE_INFINITY, '{"$InfNaN":1}'],
    [Number.NEGATIVE_INFINITY, '{"$InfNaN":-1}'],
    [/a\/b/gi, '{"$regexp":"a\\\\/b","$flags":"gi"}'],
    [{ $date: 5 }, '{"$escape":{"$date":5}}'],
    [{ $date: new Date(5) }, '{"$escape":{"$date":{"$date":5}}}'],
    [{ $escape: { $type: 1, $value: 2 } }, '{"$escape":{"$escape":{"$escape":{"$type":1,"$value":2}}}}'],
    [{ $date: 1, other: 2 }, '{"$date":1,"other":2}'],
    [new Point(3), '{"$type":"ejson.test.Point","$value":{"x":3}}'],
    [new ObjectId('0123456789abcdef01234567'), '{"$type":"oid","$value":"0123456789abcdef01234567"}'],
    [new Decimal('1.50'), '{"$type":"Decimal","$value":"1.50"}'],
    [[1, { a: [new Date(0)] }, null, 'x'], '[1,{"a":[{"$date":0}]},null,"x"]'],
  ])('writes and reads %o as %s', (value, text) => {
    expect(EJSON.stringify(value)).toBe(text)
    expect(EJSON.parse(text)).toEqual(value)
    expect(EJSON.equals(EJSON.parse(text), value)).toBe(true)
    expect(EJSON.equals(EJSON.clone(value), value)).toBe(true)
  })

  it('reads a wrapper whose key is written as an escape sequence', () => {
    expect(EJSON.parse('{"\\u0024date":5}')).toEqual(new Date(5))
    expect(EJSON.parse('["costs $5", "\\u0024"]')).toEqual(['costs $5', '$'])
  })

  it('writes the bson package\'s ObjectId and Decimal128, and what has a toJSON, as they mean it', () => {
    const objectId = { _bsontype: 'ObjectId', toString: () => 'a'.repeat(24) }
    Object.setPrototypeOf(objectId, { })
    expect(EJSON.stringify([objectId])).toBe(`[{"$type":"oid","$value":"${'a'.repeat(24)}"}]`)
    expect(EJSON.stringify({ url: new URL('http://a.example/') })).toBe('{"url":"http://a.example/"}')
    const span = { from: 1, toJSON: () => [new Date(1)] }
    for (const canonical of [false, true]) expect(EJSON.stringify({ span }, { canonical })).toBe('{"span":[{"$date":1}]}')
    expect(new ObjectId('A'.repeat(24)).equals(objectId)).toBe(true)
    expect(EJSON.clone(objectId)).toBe(objectId)
  })

  it('sorts keys and indents where asked', () => {
    const value = { b: [1, {}], 10: new Date(1), 9: [] }
    expect(EJSON.stringify(value, { canonical: true })).toBe('{"10":{"$date":1},"9":[],"b":[1,{}]}')
    expect(EJSON.stringify({ a: [1], b: 2 }, { indent: true })).toBe('{\n  "a": [\n    1\n  ],\n  "b": 2\n}')
    expect(EJSON.stringify([1], { indent: '\t' })).toBe('[\n\t1\n]')
  })

  it('does not copy what needs no conversion, and never changes its input', () => {
    const plain = { a: [1, { b: null }], c: 'x' }
    expect(EJSON.toJSONValue(plain)).toBe(plain)
    expect(EJSON.fromJSONValue(plain)).toBe(plain)
    const mixed = Object.freeze({ plain, at: Object.freeze([new Date(1)]) })
    const json = EJSON.toJSONValue(mixed) as { plain: unknown }
    expect(json.plain).toBe(plain)
    const frozen = Object.freeze({ plain, at: Object.freeze([Object.freeze({ $date: 1 })]) })
    expect(EJSON.fromJSONValue(frozen)).toEqual(mixed)
  })
})

describe('EJSON from a stranger', () => {
  it('never touches a prototype', () => {
    for (const text of [
      '{"__proto__":{"$date":1}}', '{"a":{"__proto__":{"polluted":1},"b":{"$date":1}}}', '{"$escape":{"__proto__":{"polluted":{"$date":1}}}}',
      '{"constructor":{"prototype":{"polluted":{"$date":1}}}}',
    ]) {
      const value = EJSON.parse(text) as Record<string, unknown>
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
      expect(value.polluted).toBeUndefined()
      const copy = EJSON.clone(value)
      expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
      expect(EJSON.equals(copy, value)).toBe(true)
      expect(EJSON.stringify(value)).toBe(text.replace('{"$escape":{"__proto__":{"polluted":{"$date":1}}}}', '{"__proto__":{"polluted":{"$date":1}}}'))
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect(Object.keys(EJSON.parse('{"__proto__":{"$date":1}}') as object)).toEqual(['__proto__'])
  })

  it('may be nested 10,000 levels deep, and a hundred times as deep', () => {
    for (const levels of [10_000, 1_000_000]) {
      const arrays = '['.repeat(levels) + ']'.repeat(levels)
      const plain = EJSON.parse(arrays)
      expect(codeOf(() => EJSON.toJSONValue(plain))).toBe('too-deep')
      expect(codeOf(() => EJSON.stringify(plain))).toBe('too-deep')
      expect(codeOf(() => EJSON.clone(plain))).toBe('too-deep')
      expect(codeOf(() => EJSON.equals(plain, EJSON.parse(arrays)))).toBe('too-deep')
      expect(codeOf(() => EJSON.parse(`${'['.repeat(levels)}{"$date":1}${']'.repeat(levels)}`))).toBe('too-deep')
      expect(codeOf(() => EJSON.parse(`${'{"$escape":{"a":'.repeat(levels)}1${'}}'.repeat(levels)}`))).toBe('too-deep')
    }
    const circular: unknown[] = []
    circular.push(circular)
    expect(codeOf(() => EJSON.stringify(circular))).toBe('too-deep')
  })

  it('may hold wrappers that make no sense: they are left as they are', () => {
    for (const text of [
      '{"$date":"2020"}', '{"$date":{"valueOf":1,"toString":1}}', '{"$InfNaN":"x"}', '{"$binary":7}', '{"$escape":5}', '{"$escape":[1]}',
      '{"$type":5,"$value":1}', '{"$regexp":1,"$flags":"g"}', '{"$regexp":"a","$flags":null}', '{"$date":1,"$x":2}', '{"$nothing":1}',
    ]) {
      expect(EJSON.parse(text)).toEqual(JSON.parse(text))
    }
  })

  it('is refused with a code where it could mean something and does not', () => {
    for (const text of ['{"$binary":"!"}', '{"$binary":"A"}', '{"$binary":"AAAAA"}', '{"$binary":"\u{1F600}aa"}', '{"$regexp":"(","$flags":""}',
      '{"$regexp":"a","$flags":"uv"}', '{"$type":"oid","$value":7}', '{"$type":"oid","$value":"zz"}', '{"$type":"Decimal","$value":"1,5"}',
      '{"$type":"ejson.test.Point","$value":{"x":"1"}}', '{"$type":"ejson.test.Point","$value":null}']) {
      expect([text, codeOf(() => EJSON.parse(text))]).toEqual([text, 'invalid-value'])
    }
    for (const name of ['nobody knows this one', '__proto__', 'constructor', 'toString']) {
      expect(codeOf(() => EJSON.parse(JSON.stringify({ $type: name, $value: 1 })))).toBe('unknown-type')
    }
    expect(codeOf(() => EJSON.addType('ejson.test.Point', () => 1))).toBe('type-exists')
    expect(() => EJSON.parse('{"$date":')).toThrow(SyntaxError)
  })

  it('may carry the mark of bson\'s classes: that makes a plain object none of them', () => {
    for (const text of ['{"_bsontype":"ObjectId","toString":1}', '{"_bsontype":"ObjectID","a":{}}', '{"_bsontype":"Decimal128","toJSON":1}', '{"_bsontype":1}']) {
      const value = EJSON.parse(text) as Record<string, unknown>
      const copy = EJSON.clone(value)
      expect(copy).toEqual(value)
      expect(copy).not.toBe(value)
      expect(EJSON.stringify(value)).toBe(text)
      expect(EJSON.equals(value, copy)).toBe(true)
      expect(EJSON.equals(value, new ObjectId('a'.repeat(24)))).toBe(false)
      expect(EJSON.equals(new ObjectId('a'.repeat(24)), value)).toBe(false)
    }
  })

  it('may hold huge numbers and lone surrogates', () => {
    expect(EJSON.parse('[1e999,{"$date":1e300},{"$InfNaN":1e999}]')).toEqual([Infinity, new Date(Number.NaN), Infinity])
    expect(EJSON.stringify('\ud800')).toBe('"\\ud800"')
    expect(EJSON.parse(EJSON.stringify({ '\ud800$': '\udc00', at: new Date(0) }))).toEqual({ '\ud800$': '\udc00', at: new Date(0) })
    expect((EJSON.parse('{"$regexp":"a","$flags":"ggi??\ud800"}') as RegExp).flags).toBe('gi')
  })
})

describe('equality', () => {
  it('knows kinds apart', () => {
    const kinds = [new Date(0), /a/, /b/, /a/g, new Uint8Array(0), {}, [], null, undefined, 0, '', false, new Point(1), new ObjectId('0'.repeat(24)), Number.NaN]
    for (const [i, a] of kinds.entries()) for (const [j, b] of kinds.entries()) expect([i, j, EJSON.equals(a, b)]).toEqual([i, j, i === j])
  })

  it('looks at the order of keys only when asked', () => {
    expect(EJSON.equals({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true)
    expect(EJSON.equals({ a: 1, b: 2 }, { b: 2, a: 1 }, { keyOrderSensitive: true })).toBe(false)
    expect(EJSON.equals({ a: undefined }, { b: undefined })).toBe(false)
    expect(EJSON.equals(new Point(1), new Point(1))).toBe(true)
    expect(EJSON.equals(new Point(1), new Point(2))).toBe(false)
  })
})

describe('the rest', () => {
  it('compares bytes with what are none', () => {
    expect(EJSON.equals(Buffer.from('x'), {})).toBe(false)
    expect(EJSON.equals({}, Buffer.from('x'))).toBe(false)
    expect(EJSON.equals(Buffer.from('x'), new Uint8Array([120]))).toBe(true)
  })

  it('escapes what would be a wrapper once JSON has left out what it does not write', () => {
    for (const value of [{ $date: 5, x: undefined }, { x: undefined, $date: 5 }, { f: () => 1, $InfNaN: 1 }, { $type: 'a', y: undefined, $value: 1 }]) {
      expect(EJSON.parse(EJSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)))
    }
  })

  it('has a code for a custom type that stands for itself without end', () => {
    class Endless {
      typeName(): string { return 'ejson.test.Point' }
      toJSONValue(): unknown {
        const value: unknown[] = []
        value.push(value)
        return value
      }
    }
    expect(codeOf(() => EJSON.stringify(new Endless(), { canonical: true }))).toBe('too-deep')
    expect(codeOf(() => EJSON.stringify(new Endless(), { indent: 2 }))).toBe('too-deep')
  })

  it('refuses to parse what is no string, in words', () => {
    for (const value of [undefined, null, 5, true, {}, new Date(5), Buffer.from('1'), () => 1]) {
      expect(() => EJSON.parse(value as string)).toThrow(expect.objectContaining({ name: 'EJSONError', code: 'invalid-value', message: `EJSON.parse takes a string, not ${value === null ? 'null' : typeof value}` }) as Error)
    }
  })

  it('clones the arguments of a function as an array, and what only looks like them as an object', () => {
    const argumentsOf = function (..._params: unknown[]): unknown {
      return arguments
    }
    const list = [1, new Date(5), { a: [2] }]
    const copy = EJSON.clone({ of: argumentsOf(...list) }) as { of: unknown[] }
    expect(copy.of).toStrictEqual(list)
    expect(copy.of[1]).not.toBe(list[1])
    const lookalike = { callee: 1, length: 1e9, 0: 'x' }
    expect(EJSON.clone(lookalike)).toStrictEqual(lookalike)
    expect(EJSON.clone({ ...lookalike, [Symbol.toStringTag]: 'Arguments', [Symbol.iterator]: 1 })).toStrictEqual(lookalike)
  })

  it('tells binary and custom types', () => {
    expect([EJSON.isBinary(EJSON.newBinary(2)), EJSON.isBinary([1]), EJSON.newBinary(2).length]).toEqual([true, false, 2])
    expect([EJSON.isCustomType(new Point(1)), EJSON.isCustomType({}), EJSON.isCustomType(null)]).toEqual([true, false, false])
  })

  it('carries binary data of every length', () => {
    for (const length of [1, 2, 3, 4, 255, 8_191, 8_192, 100_001]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 7) & 255)
      const text = EJSON.stringify(bytes)
      expect(text).toBe(JSON.stringify({ $binary: Buffer.from(bytes).toString('base64') }))
      expect(Buffer.from(EJSON.parse(text) as Uint8Array).equals(bytes)).toBe(true)
      expect(EJSON.parse(text.replace(/=+"/, '"'))).toEqual(bytes)
    }
  })
})
