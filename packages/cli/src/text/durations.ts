const units = [['d', 86_400_000], ['h', 3_600_000], ['min', 60_000], ['s', 1000]] as const

/** Milliseconds for people: two figures at the most. */
export function duration(ms: number): string {
  const size = Math.abs(ms)
  const [unit, length] = units.find(([, least]) => size >= least * 2) ?? (size >= 1000 ? (['s', 1000] as const) : (['ms', 1] as const))
  return `${Math.round(ms / length)} ${unit}`
}

/** How long ago. */
export const ago = (ms: number): string => (ms < 0 ? `in ${duration(-ms)}` : `${duration(ms)} ago`)
