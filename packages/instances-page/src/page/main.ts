import { ConnectionLine } from './connection-line.js'
import { type Credentials, forgetCredentials, storeCredentials, storedCredentials } from './credentials.js'
import { byId, setHidden } from './element.js'
import { InstancesTable } from './instances-table.js'
import type { Phase } from './phase.js'
import { SignIn } from './sign-in.js'
import type { Snapshot } from './snapshot.js'
import { Watch } from './watch.js'

const signIn = new SignIn(begin)
const table = new InstancesTable(() => undefined)
const connection = new ConnectionLine(() => watch?.tryNow())
const signOut = byId('sign-out')
const cluster = byId('cluster')

let watch: Watch | undefined
let phase: Phase = { kind: 'signed-out', problem: undefined }
let snapshot: Snapshot | undefined

signOut.addEventListener('click', () => end(undefined))
setInterval(show, 1000)

const stored = storedCredentials()
if (stored) begin(stored)
else end(undefined)

/** The DDP endpoint stands beside the page, whatever path both are under. */
function endpoint(): string {
  const url = new URL('websocket', location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}

function begin(credentials: Credentials): void {
  storeCredentials(credentials)
  watch = new Watch(endpoint(), credentials, onPhase, (now) => {
    snapshot = now
    show()
  })
}

function onPhase(now: Phase): void {
  if (now.kind === 'signed-out') return end(now.problem)
  phase = now
  show()
}

function end(problem: string | undefined): void {
  forgetCredentials()
  watch?.close()
  watch = undefined
  snapshot = undefined
  phase = { kind: 'signed-out', problem }
  show()
  signIn.show(problem)
}

function show(): void {
  connection.show(phase, Date.now())
  setHidden(signOut, phase.kind === 'signed-out')
  setHidden(cluster, snapshot === undefined)
  if (phase.kind !== 'signed-out') signIn.hide()
  if (snapshot) table.show(snapshot.instances, Date.now())
}
