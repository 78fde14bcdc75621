import { Binary, UUID } from 'bson'
import { expect, test } from 'vitest'
import { checkSessionFields } from './session-fields.js'
import type { Doc } from '../bson/value.js'

const lsid = { id: new UUID() }

// A driver puts the session in itself: wrong ones can only be made by hand.
test.each<[Doc, string]>([
  [{ lsid: 1 }, 'BSON field \'OperationSessionInfo.lsid\' is the wrong type \'int\', expected type \'object\''],
  [{ lsid: {} }, 'BSON field \'OperationSessionInfo.lsid.id\' is missing but a required field'],
  [{ lsid: { id: 1 } }, 'BSON field \'OperationSessionInfo.lsid.id\' is the wrong type \'int\', expected type \'binData\''],
  [{ lsid: { id: new Binary(new Uint8Array(16)) } }, 'BSON field \'OperationSessionInfo.lsid.id\' is the wrong binData type \'general\', expected type \'UUID\''],
  [{ lsid: { ...lsid, nonsense: 1 } }, 'BSON field \'OperationSessionInfo.lsid.nonsense\' is an unknown field.'],
  [{ txnNumber: 1n }, 'Transaction number requires a session ID to also be specified'],
  [{ lsid, txnNumber: 1n, autocommit: true }, 'Specifying autocommit=true is not allowed.'],
])('refused %#: %s', (fields, message) => expect(() => checkSessionFields('insert', fields, true)).toThrow(message))

test('a standalone has no transaction numbers, and a session alone is fine anywhere', () => {
  expect(() => checkSessionFields('insert', { lsid, txnNumber: 1n }, false)).toThrow('Transaction numbers are only allowed on a replica set member or mongos')
  checkSessionFields('find', { lsid }, false)
  checkSessionFields('insert', { lsid, txnNumber: 1n }, true)
})
