/** The four ways out of a cell. Each has a bit; a cell's number says which walls are open. */
export const WAYS = [
  { bit: 1, dx: 0, dy: -1, back: 2 }, // north
  { bit: 2, dx: 0, dy: 1, back: 1 }, // south
  { bit: 4, dx: 1, dy: 0, back: 8 }, // east
  { bit: 8, dx: -1, dy: 0, back: 4 }, // west
]

/**
 * Digs like a curious mole: walk to a cell where nobody has been, open the
 * wall behind you, and when there is nowhere new to go, walk back.
 */
export function digMaze(width, height, random) {
  const cells = new Uint8Array(width * height)
  const trail = [0]

  while (trail.length > 0) {
    const here = trail.at(-1)
    const choices = WAYS.map((way) => ({ way, there: neighbour(here, way, width, height) })).filter(
      ({ there }) => there !== undefined && cells[there] === 0,
    )
    if (choices.length === 0) {
      trail.pop()
      continue
    }
    const { way, there } = choices[random(choices.length)]
    cells[here] |= way.bit
    cells[there] |= way.back
    trail.push(there)
  }
  return { width, height, cells, start: 0, exit: cells.length - 1 }
}

/** The cell on that side, or undefined at the edge of the maze. */
export function neighbour(cell, { dx, dy }, width, height) {
  const x = (cell % width) + dx
  const y = Math.floor(cell / width) + dy
  return x < 0 || y < 0 || x >= width || y >= height ? undefined : y * width + x
}
