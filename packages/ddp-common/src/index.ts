export { DDPError } from './ddp-error.js'
export type { WireError } from './ddp-error.js'
export type { Logger } from './logger.js'
export { silentLogger } from './logger.js'
export { isRandomId, randomId } from './random-id.js'
export { ddpVersion } from './messages.js'
export type {
  AddedBeforeMessage, AddedMessage, ChangedMessage, ClientMessage, ConnectMessage, ConnectedMessage, DataMessage, ErrorMessage, FailedMessage,
  MethodMessage, MovedBeforeMessage, NosubMessage, PingMessage, PongMessage, ReadyMessage, RemovedMessage, ResultMessage, ServerMessage,
  SubMessage, UnsubMessage, UpdatedMessage,
} from './messages.js'
