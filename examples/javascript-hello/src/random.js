/**
 * Random numbers that can be repeated: the same seed gives the same maze.
 * The steps are those of a 32-bit xorshift generator (Marsaglia, 2003).
 */
export function createRandom(seed) {
  let state = seed | 0 || 1
  return function below(limit) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}
