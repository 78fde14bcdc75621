import { ClusterView } from './cluster-view.js'
import { ConnectionLine } from './connection-line.js'
import { type Credentials, forgetCredentials, storeCredentials, storedCredentials } from './credentials.js'
import { byId, setHidden } from './element.js'
import type { Phase } from './phase.js'
import { SignIn } from './sign-in.js'
import type { Snapshot } from './snapshot.js'
import { Watch } from './watch.js'

const signIn = new SignIn(begin)
const view = new ClusterView()
const connection = new ConnectionLine(() => watch?.tryNow())
const signOut = byId('sign-out')
const cluster = byId('cluster')

let watch: Watch | undefined
let phase: Phase = { kind: 'signed-out', problem: undefined }
let snapshot: Snapshot | undefined

signOut.addEventListener('click', () => end(undefined))
setInterval(tick, 1000)

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
    const isFirst = snapshot === undefined
    snapshot = now
    show()
    // The form is gone, and with it the place where the keyboard was.
    if (isFirst && document.activeElement === document.body) byId('name').focus()
  })
}

function onPhase(now: Phase): void {
  if (now.kind === 'signed-out') return end(now.problem)
  if (phase.kind === 'live' && now.kind !== 'live') view.interrupt()
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
  // What is old is shown as it was: its times stand still.
  if (snapshot) view.show(snapshot, 'since' in phase ? phase.since ?? Date.now() : Date.now())
}

function tick(): void {
  if (phase.kind === 'live' && snapshot) view.measure(snapshot, Date.now())
  show()
}
