/**
 * Which of `now` can stay where they are when a list in the order `before` becomes `now`: as many as possible. Those that are in both and
 * are not among them have to move. (The longest increasing subsequence of the old places, in n log n.)
 */
export function keptInOrder(before: Iterable<string>, now: Iterable<string>): Set<string> {
  const places = new Map<string, number>()
  for (const id of before) places.set(id, places.size)
  /** The last of the best chain of each length: the one that ends earliest in `before`. */
  const ends: Link[] = []
  for (const id of now) {
    const place = places.get(id)
    if (place === undefined) continue
    const at = firstNotBefore(ends, place)
    ends[at] = { id, place, previous: ends[at - 1] }
  }
  const kept = new Set<string>()
  for (let link = ends.at(-1); link; link = link.previous) kept.add(link.id)
  return kept
}

interface Link {
  readonly id: string
  readonly place: number
  readonly previous: Link | undefined
}

function firstNotBefore(ends: readonly Link[], place: number): number {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle]?.place ?? 0) < place) low = middle + 1
    else high = middle
  }
  return low
}
