const GREEN = '\x1b[32m'
const RESET = '\x1b[0m'

/** Two lines of text for every row of cells: the cells, then the walls below them. */
export function drawMaze({ width, height, cells, start, exit }, path) {
  const onPath = new Set(path)
  const lines = [`┌${'────'.repeat(width).slice(1)}┐`]

  for (let y = 0; y < height; y++) {
    let row = '│'
    let below = '│'
    for (let x = 0; x < width; x++) {
      const cell = y * width + x
      const sign = cell === start ? 'S' : cell === exit ? 'E' : onPath.has(cell) ? '•' : ' '
      row += ` ${sign === ' ' ? sign : GREEN + sign + RESET} ${cells[cell] & 4 ? ' ' : '│'}`
      below += `${cells[cell] & 2 ? '   ' : '───'}${x === width - 1 ? '│' : '┼'}`
    }
    lines.push(row)
    if (y < height - 1) lines.push(below)
  }
  lines.push(`└${'────'.repeat(width).slice(1)}┘`)
  return lines.join('\n')
}
