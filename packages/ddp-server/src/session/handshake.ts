import { ddpVersion, type ConnectMessage } from '@ddp-cluster/ddp-common'

/**
 * Whether a session can begin: `version` is undefined then, else what the client should propose instead. As in Meteor the client must
 * claim to support what it proposes, and what it proposes must be the best of what it supports that is spoken here, which is one version.
 */
export function answerConnect(message: ConnectMessage): { readonly version: string | undefined } {
  const isAgreed = message.version === ddpVersion && message.support.includes(ddpVersion)
  return { version: isAgreed ? undefined : ddpVersion }
}
