export { bufferedBytes, sendFrame } from './frames.js'
export type { ConnectionEnd, ConnectionEndCause } from './connection.js'
