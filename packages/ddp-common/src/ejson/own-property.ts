/**
 * Gives `target` its own property `key`. A plain assignment would do, but for the key `__proto__`, which a hostile text may
 * contain: assigning that one changes what the object inherits from.
 */
export function setOwn(target: object, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  else (target as Record<string, unknown>)[key] = value
}

/** An object literal, a result of `JSON.parse`, or an object without a prototype: not an instance of anything. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
