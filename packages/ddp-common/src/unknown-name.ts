/** Names longer than this are cut in a message: they may be a stranger's. */
const longestNameTold = 100

/**
 * Says that a name is not known, and which known one was probably meant.
 * @param what of what it is no name, such as `option of connect()`
 * @returns undefined for a name that is known
 */
export function unknownName(what: string, name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return undefined
  const nearest = nearestName(name, known)
  return `${JSON.stringify(name.slice(0, longestNameTold))} is no ${what}: ${nearest === undefined ? `there are ${known.join(', ')}` : `did you mean ${JSON.stringify(nearest)}?`}`
}

/** Complains, as `unknownName` does, of the first property that is none of `known`. A property that is undefined counts as not given. */
export function unknownProperty(what: string, options: unknown, known: readonly string[]): string | undefined {
  if (typeof options !== 'object' || options === null) return undefined
  for (const [name, value] of Object.entries(options)) {
    const complaint = value === undefined ? undefined : unknownName(what, name, known)
    if (complaint !== undefined) return complaint
  }
  return undefined
}

/** The known name that takes the fewest changes of a letter, upper and lower case alike; undefined where so many are needed that another was hardly meant. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined
  let fewest = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const changes = name.length > longestNameTold ? Number.POSITIVE_INFINITY : changesBetween(name.toLowerCase(), candidate.toLowerCase())
    if (changes >= fewest) continue
    fewest = changes
    nearest = candidate
  }
  return nearest
}

/** Levenshtein's distance. */
function changesBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let at = 0; at < one.length; at += 1) {
    const next = [at + 1]
    for (let column = 0; column < other.length; column += 1) {
      const replaced = (row[column] ?? 0) + (one[at] === other[column] ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}
