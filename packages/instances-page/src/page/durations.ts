const steps = [
  { unit: 'd', ms: 86_400_000 },
  { unit: 'h', ms: 3_600_000 },
  { unit: 'min', ms: 60_000 },
] as const

/** A time span as one reads it at a glance: `12 s`, `4 min`, `3 h`. The clocks of two machines differ: what seems to lie ahead is now. */
export function span(ms: number): string {
  const step = steps.find((one) => ms >= one.ms)
  return step ? `${Math.floor(ms / step.ms)} ${step.unit}` : `${Math.max(0, Math.floor(ms / 1000))} s`
}

export function since(date: Date | undefined, now: number): string {
  return date ? span(now - date.getTime()) : ''
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })

/** `14:03:59`, in the time of who looks. */
export function timeOfDay(date: Date): string {
  return clock.format(date)
}
