// The embedded MongoDB of a soak, in a process of its own, that weighs itself when asked to. Started by soak.ts.
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { weigh } from './weigh.js'

const mongo = await startEmbeddedMongo()
process.on('message', (order) => {
  if (order === 'sample') void weigh().then((weight) => process.send?.(weight))
  else void mongo.close().then(() => process.disconnect())
})
process.on('disconnect', () => process.exit())
process.send?.({ uri: mongo.uri })
