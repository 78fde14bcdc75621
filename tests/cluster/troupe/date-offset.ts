const RealDate = Date
let offsetMs = 0

class OffsetDate extends RealDate {
  constructor(...args: [] | [number | string | Date]) {
    super(args.length === 0 ? RealDate.now() + offsetMs : args[0])
  }

  static override now(): number {
    return RealDate.now() + offsetMs
  }
}

/** Sets this process' wall clock by so much, for everybody in it, the MongoDB driver too. */
export function setDateOffset(ms: number): void {
  offsetMs = ms
  globalThis.Date = OffsetDate as DateConstructor
}
