/* oxlint-disable no-console -- what follows stands in the README of ddp-common, and is run by client-readme.test.ts */
import { EJSON } from '@ddp-cluster/ddp-common'

const text = EJSON.stringify({ at: new Date(0), bytes: new Uint8Array([1, 2]), ratio: Infinity })
console.log(text) // {"at":{"$date":0},"bytes":{"$binary":"AQI="},"ratio":{"$InfNaN":1}}
console.log(EJSON.equals(EJSON.parse(text), { ratio: Infinity, at: new Date(0), bytes: new Uint8Array([1, 2]) })) // true

class Money {
  readonly cents: number
  constructor(cents: unknown) {
    if (typeof cents !== 'number') throw new TypeError('Money is a number of cents') // it sees what a peer sent
    this.cents = cents
  }
  typeName(): string { return 'money' }
  toJSONValue(): number { return this.cents }
}
EJSON.addType('money', (cents) => new Money(cents))
console.log(EJSON.stringify([new Money(250)])) // [{"$type":"money","$value":250}]
