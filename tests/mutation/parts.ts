const membership = 'packages/instance-status/src/membership'
const broadcast = 'packages/instance-status/src/broadcast'
const common = 'packages/ddp-common/src'

/** What is mutated: the files where a wrong sign would lose a member, an event or a message. */
export const parts = {
  reducer: [`${membership}/membership.ts`, `${membership}/draft.ts`, `${membership}/succession.ts`, `${membership}/judge.ts`, `${membership}/facts.ts`, `${membership}/notes.ts`],
  log: [`${broadcast}/log.ts`, `${broadcast}/segment.ts`, `${broadcast}/drops.ts`, `${broadcast}/reader.ts`],
  codec: [`${common}/codec.ts`, `${common}/message-shapes.ts`, `${common}/ejson/*.ts`, `!${common}/ejson/*.test.ts`],
} as const

export type Part = keyof typeof parts
