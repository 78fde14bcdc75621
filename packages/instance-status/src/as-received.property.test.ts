import { isDeepStrictEqual } from 'node:util'
import { Decimal, EJSON, ObjectId } from '@ddp-cluster/ddp-common'
import { asReceived, lossIn } from '@ddp-cluster/ddp-common/internal'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

class Celsius {
  readonly degrees: { readonly value: number }
  constructor(value: number) {
    this.degrees = { value }
  }
  typeName(): string { return 'test.celsius' }
  toJSONValue(): unknown { return this.degrees }
}
EJSON.addType('test.celsius', (content) => new Celsius((content as { value: number }).value))

const leaf = fc.oneof(
  fc.string(), fc.double(), fc.integer(), fc.boolean(), fc.constant(null), fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 8 }), fc.constantFrom(/a+/gi, new ObjectId('0123456789abcdef01234567'), new Decimal('1.5'), new Celsius(3)),
)
const key = fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom('__proto__', 'constructor', '$date', '$type', '$value', '$escape', '$binary', '$regexp', '$flags', '7'))
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true }, leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, fc.oneof(tie('value'), fc.constant(undefined))), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
}))

describe('asReceived', () => {
  it('gives what a reader of the EJSON text gets, key by key and in their order', () => {
    fc.assert(
      fc.property(value, (sent) => {
        fc.pre(lossIn(sent, 'value') === undefined)
        const read = EJSON.parse(EJSON.stringify(sent))
        const received = asReceived(sent)
        // Unlike toStrictEqual it takes a field named constructor for what it is.
        expect(isDeepStrictEqual(received, read)).toBe(true)
        expect(JSON.stringify(received)).toBe(JSON.stringify(read))
      }),
      { numRuns: 2000 },
    )
  })

  it('shares nothing with the value that was sent', () => {
    const sent = { at: new Date(5), list: [{ bytes: new Uint8Array([1]) }], pattern: /a/g }
    const received = asReceived(sent) as typeof sent
    sent.at.setTime(6)
    sent.list[0]?.bytes.fill(2)
    sent.list.push({ bytes: new Uint8Array() })
    sent.pattern.lastIndex = 5
    expect(received).toEqual({ at: new Date(5), list: [{ bytes: new Uint8Array([1]) }], pattern: /a/g })
    expect(received.pattern.lastIndex).toBe(0)
  })

  it('refuses what is nested too deep', () => {
    const cyclic: unknown[] = []
    cyclic.push(cyclic)
    expect(() => asReceived(cyclic)).toThrow(expect.objectContaining({ code: 'too-deep' }))
  })
})
