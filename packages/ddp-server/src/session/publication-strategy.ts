/**
 * How much the server remembers of what it has sent of a collection, as in Meteor:
 * - `SERVER_MERGE` (default): every field of every document and who published it, so that overlapping subscriptions merge and only changes are sent.
 * - `NO_MERGE`: the ids each subscription published, so that they are removed when it stops. For collections that one subscription publishes.
 * - `NO_MERGE_NO_HISTORY`: nothing; the client keeps what it got. For messages in passing.
 * - `NO_MERGE_MULTI`: which subscriptions published each id, so that a document goes when the last of them stops; fields are not compared.
 */
export type PublicationStrategy = 'SERVER_MERGE' | 'NO_MERGE' | 'NO_MERGE_NO_HISTORY' | 'NO_MERGE_MULTI'

export const publicationStrategies: readonly PublicationStrategy[] = Object.freeze(['SERVER_MERGE', 'NO_MERGE', 'NO_MERGE_NO_HISTORY', 'NO_MERGE_MULTI'])
