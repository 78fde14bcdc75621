import { EJSON } from '@ddp-cluster/ddp-common'

/** Whether a client that has one value would see a change if it got the other. */
export function isSame(one: unknown, other: unknown): boolean {
  return one === other || EJSON.equals(one, other)
}
