/** Overrides a property; the function returned takes that back, unless somebody else has overridden it since: theirs stays, and calls what it found. */
export function override(target: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(target, name)
  Reflect.set(target, name, value)
  return () => {
    if (Object.getOwnPropertyDescriptor(target, name)?.value !== value) return
    if (before === undefined) Reflect.deleteProperty(target, name)
    else Object.defineProperty(target, name, before)
  }
}
