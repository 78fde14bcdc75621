// connect-mongo as express-session uses it: a session is kept, found, touched, counted and destroyed.
import { promisify } from 'node:util'
import MongoStore from 'connect-mongo'

const store = MongoStore.create({ mongoUrl: process.argv[2], dbName: 'sessions', ttl: 60 })
const call = (name, ...args) => promisify(store[name].bind(store))(...args)
const session = { cookie: { maxAge: 60_000, originalMaxAge: 60_000 }, user: 'ada' }
await call('set', 'one', session)
await call('set', 'two', session)
const found = await call('get', 'one')
await call('touch', 'one', found)
const length = await call('length')
await call('destroy', 'one')
process.send({ user: found.user, length, gone: (await call('get', 'one')) == null, left: (await call('all')).length })
await store.close()
process.disconnect()
