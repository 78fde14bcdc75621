/** A list of arguments without those at its end that are undefined: a function that gets fewer sees no difference. */
export function withoutTrailing(args: readonly unknown[]): readonly unknown[] {
  let length = args.length
  while (length > 0 && args[length - 1] === undefined) length -= 1
  return length === args.length ? args : args.slice(0, length)
}
