/* oxlint-disable no-console -- what follows stands in the README of ddp-client, and is run by client-readme.test.ts */
import { connect } from '@ddp-cluster/ddp-client'

const client = connect({ url: process.env.DDP_URL ?? 'ws://localhost:3000/websocket' })
client.on('loginPending', ({ userId, error, retryTime }) => console.log(userId, 'waits until', new Date(retryTime), 'because of', error.message))
client.on('userChanged', ({ userId, error }) => console.log('logged in:', userId ?? error?.message)) // how that ended, also when the user is the same
await client.login({ resume: 'a login token' })
console.log(await client.call('work')) // sent when the login is done again
await client.close()
