// A maze, dug at random and then solved. Plain ECMAScript modules: every
// import below is a file of this folder.
import { digMaze } from './src/maze.js'
import { drawMaze } from './src/picture.js'
import { createRandom } from './src/random.js'
import { shortestPath } from './src/solver.js'
import { readSettings } from './src/settings.js'

const settings = readSettings('maze.json')
const random = createRandom(settings.seed)

const maze = digMaze(settings.width, settings.height, random)
const path = shortestPath(maze, maze.start, maze.exit)

console.log(`Maze number ${settings.seed}, ${settings.width} × ${settings.height} cells`)
console.log(drawMaze(maze, path))
console.log(`The way out takes ${path.length - 1} steps.`)
