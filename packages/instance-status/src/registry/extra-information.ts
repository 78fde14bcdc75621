/** Every instance shows it as JSON. */
export const largestExtraCharacters = 65_536

/** Whether it is an object that JSON can hold, and not too large. */
export function isExtraInformation(value: unknown): value is Readonly<Record<string, unknown>> {
  try {
    return typeof value === 'object' && value !== null && JSON.stringify(value).length <= largestExtraCharacters
  } catch {
    // A cycle, or a BigInt.
    return false
  }
}
