import { neighbour, WAYS } from './maze.js'

/** Floods the maze from the start, one step at a time: the first way to arrive is a shortest one. */
export function shortestPath({ width, height, cells }, start, exit) {
  const cameFrom = new Map([[start, undefined]])
  let wave = [start]

  while (wave.length > 0 && !cameFrom.has(exit)) {
    const next = []
    for (const cell of wave) {
      for (const way of WAYS) {
        const there = neighbour(cell, way, width, height)
        if (!(cells[cell] & way.bit) || cameFrom.has(there)) continue
        cameFrom.set(there, cell)
        next.push(there)
      }
    }
    wave = next
  }

  const path = []
  for (let cell = exit; cell !== undefined; cell = cameFrom.get(cell)) path.unshift(cell)
  return path
}
