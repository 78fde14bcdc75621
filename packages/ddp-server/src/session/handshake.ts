import { ddpVersion, type ConnectMessage } from '@ddp-cluster/ddp-common'

/** A version of DDP that is spoken here, as by Meteor's server. They differ in one thing: `pre1` has no ping and pong. */
export type DDPVersion = typeof ddpVersion | 'pre2' | 'pre1'

const versions: ReadonlySet<string> = new Set<DDPVersion>([ddpVersion, 'pre2', 'pre1'])
const isSpoken = (version: string): version is DDPVersion => versions.has(version)

/** The version that a session begins with, or the one that the client is to propose instead. */
export type ConnectAnswer = { readonly agreed: DDPVersion } | { readonly proposed: DDPVersion }

/**
 * Answers a `connect`. As in Meteor a client must claim to support the version it proposes, and propose the first of its versions that is spoken here:
 * `support` is in the client's order of preference.
 */
export function answerConnect({ version, support }: ConnectMessage): ConnectAnswer {
  if (!support.includes(version)) return { proposed: ddpVersion }
  const best = support.find(isSpoken) ?? ddpVersion
  return version === best ? { agreed: best } : { proposed: best }
}
