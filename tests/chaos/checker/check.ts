import type { Journal } from '../journal.js'
import type { Trouble } from '../stage.js'
import { checkCalls } from './calls.js'
import { checkDelivery } from './delivery.js'
import { checkLeases } from './leases.js'
import { checkMembership } from './membership.js'
import { checkSize } from './size.js'

/** All that is wrong with what the instances wrote down. */
export function check(journals: readonly Journal[], troubles: readonly Trouble[], expireAfterMs: number): string[] {
  return [...checkDelivery(journals, troubles), ...checkMembership(journals, troubles, expireAfterMs), ...checkLeases(journals), ...checkCalls(journals), ...checkSize(journals)]
}
