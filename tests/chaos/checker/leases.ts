import type { Journal } from '../journal.js'

interface Span {
  readonly by: string
  readonly token: number
  readonly from: number
  until: number
}

/** At no moment do two hold the lease, and a later holder has a greater token. */
export function checkLeases(journals: readonly Journal[]): string[] {
  const spans = journals.flatMap(spansOf).sort((a, b) => a.from - b.from)
  return spans.flatMap((span, index) => {
    const next = spans[index + 1]
    if (!next) return []
    if (next.from <= span.until) return [`${span.by} held the lease (${span.token}) until ${span.until.toFixed()}, ${next.by} (${next.token}) from ${next.from.toFixed()}`]
    return next.token > span.token ? [] : [`after token ${span.token} of ${span.by} came ${next.token} of ${next.by}`]
  })
}

function spansOf({ id, entries }: Journal): Span[] {
  const spans: Span[] = []
  for (const entry of entries) {
    if (entry.what !== 'held') continue
    const last = spans.at(-1)
    if (last?.token === entry.token) last.until = entry.at
    else spans.push({ by: id, token: entry.token, from: entry.at, until: entry.at })
  }
  return spans
}
