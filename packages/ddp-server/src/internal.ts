export { bufferedBytes, sendFrame } from './frames.js'
export type { ConnectionEnd, ConnectionEndCause } from './connection.js'
export { setPace, type Pace } from './peer-connection.js'
