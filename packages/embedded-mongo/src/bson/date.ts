/** The furthest that JavaScript's dates reach from 1970, in milliseconds. */
const furthest = 8.64e15

/** A date that MongoDB can hold and JavaScript cannot: before the year -271821 or after 275760. It is kept, compared and given back, not computed with. */
export class DistantDate extends Date {
  readonly milliseconds: bigint

  constructor(milliseconds: bigint) {
    super(NaN)
    this.milliseconds = milliseconds
  }
}

/** @param milliseconds since the epoch, as an int64 holds them. */
export const dateOf = (milliseconds: number | bigint): Date => {
  const number = Number(milliseconds)
  return Math.abs(number) <= furthest ? new Date(number) : new DistantDate(typeof milliseconds === 'bigint' ? milliseconds : BigInt.asIntN(64, BigInt(Math.trunc(number))))
}

export const millisecondsOf = (date: Date): number | bigint => (date instanceof DistantDate ? date.milliseconds : date.getTime())
