// A prime sieve made of goroutines: each prime stands in a line and lets pass
// only the numbers that it does not divide. After an idea of Doug McIlroy's.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

const file = "primes.txt"

func main() {
	count := flag.Int("n", 60, "how many primes to find")
	flag.Parse()
	if *count < 1 {
		fmt.Fprintln(os.Stderr, "-n must be at least 1")
		os.Exit(2)
	}

	fmt.Printf("Hello from Go! Looking for the first %d primes.\n", *count)
	start := time.Now()
	primes := firstPrimes(*count)
	took := time.Since(start)

	for i, prime := range primes {
		fmt.Printf("%5d", prime)
		if i%12 == 11 || i == len(primes)-1 {
			fmt.Println()
		}
	}
	fmt.Printf("%d goroutines took %v.\n", *count+1, took.Round(10*time.Microsecond))

	must(save(primes))
	sum, lines, err := load()
	must(err)
	fmt.Printf("Wrote %s and read it back: %d lines, sum %d.\n\n", file, lines, sum)

	race()
}

// firstPrimes grows a chain of filters, one goroutine for each prime found.
func firstPrimes(count int) []int {
	stop := make(chan struct{})
	defer close(stop) // every goroutine of the chain goes home

	numbers := make(chan int)
	go countFromTwo(numbers, stop)

	primes := make([]int, 0, count)
	for len(primes) < count {
		prime := <-numbers
		primes = append(primes, prime)
		passed := make(chan int)
		go filter(numbers, passed, prime, stop)
		numbers = passed
	}
	return primes
}

// countFromTwo sends 2, 3, 4, … for ever.
func countFromTwo(out chan<- int, stop <-chan struct{}) {
	for n := 2; ; n++ {
		select {
		case out <- n:
		case <-stop:
			return
		}
	}
}

// filter lets pass what prime does not divide.
func filter(in <-chan int, out chan<- int, prime int, stop <-chan struct{}) {
	for {
		select {
		case n := <-in:
			if n%prime == 0 {
				continue
			}
			select {
			case out <- n:
			case <-stop:
				return
			}
		case <-stop:
			return
		}
	}
}

// race lets three runners sleep for different times. The slowest of them would
// arrive first if goroutines had to wait for each other.
func race() {
	runners := []struct {
		name string
		nap  time.Duration
	}{{"tortoise", 90 * time.Millisecond}, {"cat", 50 * time.Millisecond}, {"hare", 10 * time.Millisecond}}

	finish := make(chan string)
	var everyone sync.WaitGroup
	for _, runner := range runners {
		everyone.Add(1)
		go func() {
			defer everyone.Done()
			time.Sleep(runner.nap)
			finish <- runner.name
		}()
	}
	go func() {
		everyone.Wait()
		close(finish)
	}()

	place := 0
	for name := range finish {
		place++
		fmt.Printf("%d. %s\n", place, name)
	}
}

func save(primes []int) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	lines := bufio.NewWriter(out)
	for _, prime := range primes {
		fmt.Fprintln(lines, prime)
	}
	if err := lines.Flush(); err != nil {
		return err
	}
	return out.Close()
}

func load() (sum, lines int, err error) {
	in, err := os.Open(file)
	if err != nil {
		return 0, 0, err
	}
	defer in.Close()
	for scan := bufio.NewScanner(in); scan.Scan(); lines++ {
		n, err := strconv.Atoi(scan.Text())
		if err != nil {
			return 0, 0, err
		}
		sum += n
	}
	return sum, lines, nil
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
