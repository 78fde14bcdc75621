/** Reads what came over the wire without believing its shape: what is missing or of another type is as if it were not there. */

export type Loose = Readonly<Record<string, unknown>>

export const objectOf = (value: unknown): Loose => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : {})

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value.slice(0, mostItems) : [])

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

export const numberOf = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined)

/** A date, as EJSON gives it; or its ISO string, as JSON does. */
export function dateOf(value: unknown): Date | undefined {
  const date = value instanceof Date ? value : typeof value === 'string' || typeof value === 'number' ? new Date(value) : undefined
  return date && !Number.isNaN(date.getTime()) ? date : undefined
}

/** A cluster has tens of instances, two hundred at the most. */
const mostItems = 500
