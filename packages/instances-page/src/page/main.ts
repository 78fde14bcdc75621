import { ClusterView } from './cluster-view.js'
import { ConnectionLine } from './connection-line.js'
import { type Credentials, forgetCredentials, storeCredentials, storedCredentials } from './credentials.js'
import { byId, setHidden } from './element.js'
import type { Phase } from './phase.js'
import { type Known, Session } from './session.js'
import { SignIn } from './sign-in.js'

const signIn = new SignIn(begin)
const view = new ClusterView()
const connection = new ConnectionLine(() => session?.tryNow())
const signOut = byId('sign-out')
const cluster = byId('cluster')

let session: Session | undefined
let phase: Phase = { kind: 'signed-out', problem: undefined }
let known: Known | undefined

signOut.addEventListener('click', () => end(undefined))
setInterval(tick, 1000)

const stored = storedCredentials()
if (stored) begin(stored)
else end(undefined)

function begin(credentials: Credentials): void {
  storeCredentials(credentials)
  session = new Session(credentials, { onPhase, onKnown })
}

function onPhase(now: Phase): void {
  if (now.kind === 'signed-out') return end(now.problem)
  if (phase.kind === 'live' && now.kind !== 'live') view.interrupt()
  phase = now
  show()
}

function onKnown(now: Known): void {
  const isFirst = known === undefined
  known = now
  show()
  // The form is gone, and with it the place where the keyboard was.
  if (isFirst && document.activeElement === document.body) byId('name').focus()
}

function end(problem: string | undefined): void {
  forgetCredentials()
  session?.close()
  session = undefined
  if (known) view.clear()
  known = undefined
  phase = { kind: 'signed-out', problem }
  show()
  signIn.show(problem)
}

function tick(): void {
  if (phase.kind === 'live' && known) view.measure(known.snapshot, Date.now())
  show()
}

function show(): void {
  connection.show(phase, Date.now())
  setHidden(signOut, phase.kind === 'signed-out')
  setHidden(cluster, known === undefined)
  if (phase.kind !== 'signed-out') signIn.hide()
  // An old state is shown as it was: its times do not advance.
  if (known) view.show(known.snapshot, known.views, 'since' in phase ? phase.since ?? Date.now() : Date.now())
}
