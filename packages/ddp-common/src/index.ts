export { DDPError } from './ddp-error.js'
export type { WireError } from './ddp-error.js'
export type { Logger } from './logger.js'
export { silentLogger } from './logger.js'
export { isRandomId, randomId } from './random-id.js'
export { ddpVersion } from './messages.js'
export type {
  AddedBeforeMessage, AddedMessage, ChangedMessage, ClientMessage, ConnectMessage, ConnectedMessage, DataMessage, DisconnectMessage, ErrorMessage, FailedMessage,
  MethodMessage, MovedBeforeMessage, NosubMessage, PingMessage, PongMessage, ReadyMessage, RemovedMessage, ResultMessage, ServerMessage,
  SubMessage, UnsubMessage, UpdatedMessage,
} from './messages.js'
export type { MessageLimits } from './codec.js'
export { parseClientMessage, parseServerMessage, stringifyMessage } from './codec.js'
export type { DDPProtocolErrorCode } from './protocol-error.js'
export { DDPProtocolError } from './protocol-error.js'
export { EJSON } from './ejson/ejson.js'
export type { EJSONErrorCode } from './ejson/ejson-error.js'
export { EJSONError } from './ejson/ejson-error.js'
export type { CustomType, CustomTypeFactory } from './ejson/custom-types.js'
export type { EqualsOptions } from './ejson/equals.js'
export type { StringifyOptions } from './ejson/stringify.js'
export type { DocumentId } from './document-id.js'
export { Decimal, ObjectId } from './ejson/mongo-types.js'
