// Conway's Game of Life, small enough for TinyGo: a whole program in a few
// hundred kilobytes.
package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	generations = 12
	pause       = 120 * time.Millisecond
)

// A world is a sheet whose edges are glued together: what leaves on the
// right comes back on the left.
type world [][]bool

func main() {
	text, err := os.ReadFile("start.txt")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	life := parse(string(text))
	fmt.Println("Hello from TinyGo! Twelve generations of Life:")

	for n := 1; n <= generations; n++ {
		fmt.Printf("\n— %d —\n%s", n, life)
		life = life.next()
		time.Sleep(pause)
	}
	fmt.Printf("\n%d cells live on.\n", life.alive())
}

func parse(text string) world {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	width := 0
	for _, line := range lines {
		width = max(width, len(line))
	}
	life := make(world, len(lines))
	for y, line := range lines {
		life[y] = make([]bool, width)
		for x := range line {
			life[y][x] = line[x] == '#'
		}
	}
	return life
}

// next: a live cell with two or three neighbours stays, an empty place with
// exactly three is born, everything else is empty.
func (w world) next() world {
	after := make(world, len(w))
	for y := range w {
		after[y] = make([]bool, len(w[y]))
		for x := range w[y] {
			n := w.neighbours(x, y)
			after[y][x] = n == 3 || n == 2 && w[y][x]
		}
	}
	return after
}

func (w world) neighbours(x, y int) (n int) {
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			row := w[(y+dy+len(w))%len(w)]
			if (dx != 0 || dy != 0) && row[(x+dx+len(row))%len(row)] {
				n++
			}
		}
	}
	return n
}

func (w world) alive() (n int) {
	for _, row := range w {
		for _, cell := range row {
			if cell {
				n++
			}
		}
	}
	return n
}

func (w world) String() string {
	var text strings.Builder
	for _, row := range w {
		for _, cell := range row {
			if cell {
				text.WriteString("██")
			} else {
				text.WriteString(" ·")
			}
		}
		text.WriteByte('\n')
	}
	return text.String()
}
