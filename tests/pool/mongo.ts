// Embedded MongoDB of a pool trial, in a process of its own so that it can be stopped by a signal. Started by mongo-process.ts.
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'

const mongo = await startEmbeddedMongo()
process.on('disconnect', () => process.exit())
process.send?.({ uri: mongo.uri })
