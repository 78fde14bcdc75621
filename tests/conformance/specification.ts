/**
 * The sentences of the DDP specification (version 1, packages/ddp/DDP.md of Meteor) that say what a side must, should or may do, in our own
 * words and numbered, so that a test can name the one it is about. `both`: each side has a test of its own. From 100 on stands what Meteor's
 * own client and server do beyond that.
 */
export interface Sentence {
  readonly side: 'server' | 'client' | 'both'
  readonly says: string
}

export const specification = {
  1: { side: 'both', says: 'a message is a JSON object with a field msg, one to a WebSocket text message or SockJS message' },
  2: { side: 'both', says: 'unknown fields of a message are ignored' },
  3: { side: 'client', says: 'only documented fields are sent' },
  4: { side: 'client', says: 'a first message without msg is ignored' },
  5: { side: 'client', says: 'connect comes first, with version and support' },
  6: { side: 'server', says: 'an acceptable connect is answered with connected and the id of the session' },
  7: { side: 'server', says: 'another version is answered with failed and the version to use, and the transport is closed' },
  8: { side: 'client', says: 'after failed another version may be tried on a new connection' },
  9: { side: 'server', says: 'messages sent right behind connect are processed' },
  10: { side: 'server', says: 'messages sent right behind a connect that failed are ignored' },
  11: { side: 'server', says: 'if the version proposed is not the best by the order of support, it is answered with failed and the best' },
  12: { side: 'both', says: 'connect may name an earlier session' },
  13: { side: 'both', says: 'either side may ping at any time after the connection is established' },
  14: { side: 'both', says: 'ping is answered at once with pong' },
  15: { side: 'both', says: 'pong has the id of its ping, and none if that had none' },
  16: { side: 'both', says: 'sub asks for a set of documents by name, with optional EJSON params' },
  17: { side: 'server', says: 'ready names the subscriptions whose first batch of data has been sent' },
  18: { side: 'server', says: 'sub of an unknown name is answered with nosub and an error' },
  19: { side: 'both', says: 'nosub carries the error that ended the subscription' },
  20: { side: 'both', says: 'unsub ends a subscription, and nosub confirms it' },
  21: { side: 'both', says: 'added puts a document with its fields into the local set' },
  22: { side: 'both', says: 'changed replaces the fields given and deletes those that are cleared' },
  23: { side: 'both', says: 'removed takes a document out of the local set' },
  24: { side: 'server', says: 'data may be sent without any sub' },
  25: { side: 'server', says: 'of a document in several subscriptions the client has the union of their fields' },
  26: { side: 'server', says: 'where subscriptions disagree on a field the client has one of the values' },
  27: { side: 'server', says: 'a collection is told with added or with addedBefore, never both' },
  28: { side: 'client', says: 'addedBefore and movedBefore keep an order' },
  29: { side: 'both', says: 'method is answered with result and what the method returned' },
  30: { side: 'both', says: 'result carries the error that the method threw' },
  31: { side: 'server', says: 'a call of an unknown method is answered with result and an error' },
  32: { side: 'server', says: 'result is absent where the method returns nothing, params where there are none' },
  33: { side: 'server', says: 'updated names a method after all data messages that its writes caused' },
  34: { side: 'both', says: 'result and updated may come in any order' },
  35: { side: 'both', says: 'randomSeed may come with a method, and reaches it' },
  36: { side: 'both', says: 'an error has error, and may have reason, message and errorType Meteor.Error' },
  37: { side: 'both', says: 'the code of an error may be a string or a number' },
  38: { side: 'server', says: 'what is not valid JSON is answered with error' },
  39: { side: 'server', says: 'JSON that is no object is answered with error' },
  40: { side: 'server', says: 'an unknown msg is answered with error' },
  41: { side: 'server', says: 'a message without a required field is answered with error' },
  42: { side: 'server', says: 'anything but connect as the first message is answered with error' },
  43: { side: 'server', says: 'a second connect is answered with error' },
  44: { side: 'server', says: 'error has a reason, and the offendingMessage if that could be parsed' },
  45: { side: 'both', says: 'a date travels as $date' },
  46: { side: 'both', says: 'binary travels as $binary in base64 with + and /' },
  47: { side: 'both', says: 'what looks like an EJSON type travels in $escape, one level deep' },
  48: { side: 'both', says: 'a type of the application travels as $type and $value' },
  49: { side: 'both', says: 'the order of keys is kept' },
  // Behaviour of Meteor's client beyond the specification, and decisions of this library.
  100: { side: 'client', says: 'added of a document that is there merges its fields, and one without new fields is told to nobody' },
  101: { side: 'client', says: 'changed of a document that is not there adds it, and removed of one does no harm' },
  102: { side: 'client', says: 'what a lost connection said of a method counts no more once the method is sent again' },
  103: { side: 'client', says: 'a login that is refused with 403 after a reconnect is forgotten' },
  104: { side: 'client', says: 'a login that fails otherwise after a reconnect is sent again on the same connection, after timeToReset, and subscriptions and methods wait for it' },
  105: { side: 'client', says: 'connect after a loss names the last session and the number of messages that came over it, without pings and pongs' },
  106: { side: 'client', says: 'connected with the id of the last session goes on with it: no login, no subscription and no document anew' },
  107: { side: 'client', says: 'a resumed session is sent again what may not have reached it: methods without an answer, subscriptions that are not ready, ends that are not confirmed' },
  108: { side: 'client', says: 'connected with another id begins a new session' },
  109: { side: 'client', says: 'disconnect is sent before a session is ended on purpose' },
  110: { side: 'both', says: 'an id that is an ObjectId, a number, a boolean or null, or a string that looks like one, travels as in Meteor' },
  111: { side: 'client', says: 'an id that stands for nothing makes its message malformed, and the session goes on' },
  130: { side: 'server', says: 'pre2 and pre1 are spoken too, and failed names the first of the versions of support that is' },
  131: { side: 'server', says: 'a session of pre1 has no heartbeat, and ping and pong are unknown messages there' },
  132: { side: 'server', says: 'nothing that a connect has as session or receivedCount refuses it' },
  133: { side: 'server', says: 'an error that is isClientSafe reaches the client, whatever its class, in types that the client reads' },
  134: { side: 'server', says: 'a sanitizedError that is isClientSafe reaches the client instead of the error that has it' },
  135: { side: 'server', says: 'an error crosses with isClientSafe, and its details as plain JSON' },
  136: { side: 'server', says: 'a login by token is answered with id, token, tokenExpires and type, also where the token does not expire' },
  137: { side: 'server', says: 'updated of a method precedes what answers the sub or unsub that came behind it' },
  138: { side: 'server', says: 'a connect with the session and receivedCount of a session that lost its socket resumes it: connected with the same id, then what was missed, in order' },
  139: { side: 'server', says: 'a session whose client has not had all that was sent ends at its connect, and a new one begins' },
  140: { side: 'server', says: 'a session that nobody resumes in time ends, and so does one for which too much is to be kept' },
  141: { side: 'server', says: 'a session whose client sent disconnect ends with its socket' },
  142: { side: 'server', says: 'methods and subscriptions that are asked for again in a resumed session do not run again' },
} as const satisfies Record<number, Sentence>

export type SentenceNumber = keyof typeof specification

/** The sentences that concern `side`, in order. */
export function sentencesOf(side: 'server' | 'client'): SentenceNumber[] {
  return (Object.keys(specification).map(Number) as SentenceNumber[]).filter((number) => {
    const of: Sentence['side'] = specification[number].side
    return of === 'both' || of === side
  })
}
