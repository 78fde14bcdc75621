/** Small, seeded and good enough to choose whom to cut: a linear congruential generator with the constants of Numerical Recipes. From 0 to below 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
}
